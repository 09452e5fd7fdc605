// A page of an app in a few lines. `?options=` holds the options as JSON; `?provider=` starts a flow while it loads.
import { OAuthSync } from "/oauth-sync/index.js";

const query = new URLSearchParams(location.search);
const given = JSON.parse(query.get("options") ?? "{}");
const defaults = { statusUrl: "/oauth/status", startUrl: "/oauth/start/{provider}", cancelUrl: "/oauth/flows/{flow}/cancel" };
// null takes a default away.
const options = Object.fromEntries(Object.entries({ ...defaults, ...given }).filter(([, value]) => value !== null));

const sync = new OAuthSync(options);
// What the next press of the button does, in its click.
window.next = () => {};
document.querySelector("#act").addEventListener("click", () => {
  window.last = window.next(sync);
});
if (query.has("provider")) sync.start(query.get("provider"));
