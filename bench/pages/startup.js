// One sample of one candidate, in the click on the button.
import { report } from "/report.js";

const name = new URLSearchParams(location.search).get("candidate");
const button = document.querySelector("#act");
const options = { startUrl: "/opened.html" };
const features = "popup,width=600,height=720";

function need(isTrue, what) {
  if (!isTrue) throw new Error(`${name}: ${what}`);
}

/** Opens through the module, which is not there yet. */
function start(sync) {
  const flow = sync.start("github");
  need(flow.window === "open", "the window was blocked");
  need(!sync.diagnostics().ready, "the wasm was there already");
}

/** Each is prepared before the click and gives what the click does. */
const candidates = {
  "import an empty module": () => () => import("/empty.js"),
  "import, new OAuthSync, ready": () => async () => {
    const { OAuthSync } = await import("/oauth-sync/index.js");
    await new OAuthSync(options).ready;
  },
  "click, import an empty module, window.open": () => async () => {
    await import("/empty.js");
    need(open("/opened.html", "_blank", features), "the window was blocked");
  },
  "click, import, start": () => async () => {
    const { OAuthSync } = await import("/oauth-sync/index.js");
    start(new OAuthSync(options));
  },
  "click, window.open": () => () => need(open("/opened.html", "_blank", features), "the window was blocked"),
  "click, start while the wasm is on its way": async () => {
    const { OAuthSync } = await import("/oauth-sync/index.js");
    const sync = new OAuthSync({ ...options, wasm: "/never" });
    return () => start(sync);
  },
};

const act = await candidates[name]();
button.addEventListener("click", async () => {
  const before = performance.now();
  await act();
  report({ ms: performance.now() - before });
}, { once: true });
button.disabled = false;
