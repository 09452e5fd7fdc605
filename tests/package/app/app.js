import { OAuthSync } from "oauth-sync";
import { setDefaultSync } from "oauth-sync/element";

const sync = new OAuthSync({ startUrl: "/callback.html?provider={provider}" });
const said = [];
sync.subscribe(({ type, flow }) => {
  said.push(type === "completed" ? `completed ${flow.integrationId}` : type);
  document.body.dataset.events = said.join(" ");
});
setDefaultSync(sync);
document.querySelector("button").onclick = () => sync.start("github");
sync.ready.then(
  () => (document.body.dataset.ready = "ready"),
  (error) => (document.body.dataset.ready = `${error.code} ${error.cause}`),
);
