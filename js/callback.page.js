/** The script of `oauth-sync/callback.html`: what the address says, told as a callback page does. */
import { finish, noticeFromUrl } from "./callback.js";

const { namespace } = document.currentScript?.dataset ?? {};
/** @type {(id: string) => HTMLElement | undefined} */
const paragraph = (id) => document.getElementById(id) ?? undefined;
const notice = noticeFromUrl();
const done = paragraph("done");
const nothing = paragraph("nothing");

if (notice) void finish(notice, { ...(namespace && { namespace }), ...(done && { fallback: done }) });
else if (nothing) nothing.hidden = false;
