import { finish, noticeFromUrl } from "oauth-sync/callback";

const notice = noticeFromUrl();
if (notice) finish(notice, { fallback: document.querySelector("#fallback") });
