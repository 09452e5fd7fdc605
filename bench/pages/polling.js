// A tab of an app; the button starts a flow that nobody ever finishes.
import { OAuthSync } from "/oauth-sync/index.js";

const tiers = JSON.parse(new URLSearchParams(location.search).get("tiers"));
const sync = new OAuthSync({ statusUrl: "/status", startUrl: "/held.html", ...(tiers && { tiers }) });
window.sync = sync;
document.querySelector("#act").addEventListener("click", () => {
  window.flow = sync.start("github");
});
sync.subscribe(({ type }) => {
  // As it is before the driver comes to look.
  if (type === "started") window.wasVisible = document.visibilityState === "visible";
});
