// A callback page of an app's own, on `oauth-sync/callback`. What it says stands in its address: `?notice=` as JSON.
import { finish, notify } from "/oauth-sync/callback.js";

const query = new URLSearchParams(location.search);
const notice = JSON.parse(query.get("notice") ?? `{"provider":"github","success":true,"integrationId":"int_1"}`);
if (query.get("leave") === "at-once") {
  notify(notice);
  window.close();
} else if (query.get("leave") === "never") {
  window.result = await notify(notice);
} else {
  await finish(notice, { fallback: document.querySelector("#fallback") });
}
