// What must not compile.
import { OAuthSync, type Flow, type Json, type Notice, type OAuthSyncEvent, type Options } from "oauth-sync";
import { finish, notify } from "oauth-sync/callback";

const sync = new OAuthSync<"github" | "google">();

// @ts-expect-error: it is no provider of this instance
sync.start("gitlab");
// @ts-expect-error: a misspelt option
new OAuthSync({ statusURL: "/status" });
// @ts-expect-error: two sources for one answer
new OAuthSync({ statusUrl: "/status", checkStatus: async () => ({ status: "pending" }) });
// @ts-expect-error: a status that there is not
new OAuthSync({ checkStatus: async () => ({ status: "done" }) });
// @ts-expect-error: neither a status nor both flags
sync.report("0123456789", { completed: true });
// @ts-expect-error: a start page is text or a function
sync.start("github", { url: new URL("https://idp.example") });
// @ts-expect-error: a target that there is not
sync.start("github", { target: "iframe" });
// @ts-expect-error: not JSON
sync.start("github", { appState: () => {} });
// @ts-expect-error: origins are exact texts
const origins: Options = { callbackOrigins: [/example/] };

function readOnly(flow: Flow, event: OAuthSyncEvent): void {
  // @ts-expect-error: snapshots are frozen
  flow.status = "completed";
  // @ts-expect-error: events too
  event.at = 0;
  // @ts-expect-error: so is the list
  sync.flows().push(flow);
  // @ts-expect-error: only a completed flow has one
  flow.integrationId;
  // @ts-expect-error: only a flow that ended otherwise has one
  if (flow.status === "completed") flow.error;
  // @ts-expect-error: the number of an event is nobody's business
  event.seq;
}

// @ts-expect-error: `success` decides what else there may be
const failed: Notice = { provider: "github", success: false, integrationId: "int_1" };
// @ts-expect-error: an id is text
void notify({ provider: "github", success: true, integrationId: 5 });
// @ts-expect-error: a failure has a code, not a message
void notify({ provider: "github", success: false, error: { message: "no" } });
// @ts-expect-error: the element, not its selector
void finish({ provider: "github", success: true }, { fallback: "#closed" });
// @ts-expect-error: a date is not JSON
const state: Json = new Date();
// @ts-expect-error: the private parts stay private
sync.core;
