// What must compile, as apps write it.
import {
  OAuthSync,
  OAuthSyncError,
  type CompletedFlow,
  type Connection,
  type ConnectionEvent,
  type Diagnostics,
  type ErrorCode,
  type Flow,
  type FlowError,
  type Integration,
  type Json,
  type Notice,
  type NotifyOptions,
  type NotifyResult,
  type OAuthSyncEvent,
  type Options,
  type PendingFlow,
  type SettledFlow,
  type StartOptions,
  type StartRequest,
  type StartUrl,
  type StatusReply,
  type StatusRequest,
  type StatusSource,
  type UnsuccessfulFlow,
  type Via,
} from "oauth-sync";
import * as callback from "oauth-sync/callback";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T => true as T;

// The ten lines of the README.
const sync = new OAuthSync({ statusUrl: "/oauth/status", startUrl: "/oauth/start/{provider}" });
const render = (flow: Flow): string => `${flow.provider} ${flow.status}`;
sync.start("github");
const stop = sync.subscribe(({ flow }) => render(flow));
sync.ready.then(() => sync.flows().forEach(render));
stop();
void callback.finish({ provider: "github", success: true, integrationId: "int_1" });

// Providers of one's own, and every option.
type Provider = "github" | "google";
const options: Options<Provider> = {
  checkStatus: async ({ flowId, provider, since, now, signal }: StatusRequest<Provider>) => {
    holds<Equal<typeof provider, Provider>>();
    await fetch(`/status/${flowId}?${since}-${now}`, { signal });
    return { completed: true, success: true, integrationId: 5 };
  },
  startUrl: async ({ flowId, provider, signal }) => (await fetch(`/start/${provider}/${flowId}`, { signal })).url,
  eventsUrl: new URL("https://api.example/events"),
  fetch: (input, init) => fetch(input, { ...init, credentials: "include" }),
  namespace: "mine",
  scope: "user",
  cancelUrl: "/cancel/{flow}",
  tiers: [{ every: 1000, polls: 3 }] as const,
  slowAfter: 1,
  overdueAfter: 2,
  expireAfter: 3,
  keepSettled: 4,
  confirm: true,
  callbackOrigins: ["https://callback.example"],
  wasm: new URL("https://cdn.example/oauth_sync_bg.wasm"),
  log: ({ level, code, flowId, at }) => console.log(level, code, flowId, at),
};
const mine = new OAuthSync<Provider>(options);
holds<Equal<ReturnType<typeof mine.start>, PendingFlow<Provider>>>();
holds<Equal<ReturnType<typeof mine.latest>, Flow<Provider> | undefined>>();
mine.start("google", { target: "redirect", returnTo: new URL("/done", location.href), appState: { from: ["menu"] }, flowId: "0123456789" });
mine.start("github", { target: window.open() ?? "tab", url: ({ provider }) => `/start/${provider}`, width: 1, height: 1 });
const retried: PendingFlow<Provider> = mine.retry("0123456789");
const all: readonly Flow<Provider>[] = mine.flows();
// An instance for some providers is one for the functions that take any.
const any: OAuthSync = mine;
const opened: Promise<OAuthSync<Provider>> = OAuthSync.open<Provider>(options);
const verdict: Promise<SettledFlow<Provider>> = mine.settled(retried.id, { signal: AbortSignal.timeout(1000) });
const checked: Promise<void> = mine.check();
mine.report("0123456789", { status: "completed", integrations: [{ tool: "jira", id: 7 }], error: null, retryAfterMs: null, supersededBy: null });
mine.report("0123456789", { completed: false, success: false });
const told: Promise<NotifyResult> = mine.notify({ provider: "github", success: false, error: { code: "access_denied" } }, { origin: "https://app.example" });
const { version, ready, poller, facilities, dropped, listenerErrors }: Diagnostics = mine.diagnostics();
{
  using scoped = new OAuthSync();
  scoped.reset();
}
const { subscribe, flows } = mine;
subscribe(() => flows());

// Every event and every flow can be told apart, and its fields are then there.
mine.subscribe((event: OAuthSyncEvent<Provider>) => {
  const via: Via = event.via;
  switch (event.type) {
    case "started":
    case "opened":
    case "blocked":
    case "window_closed":
    case "confirming":
    case "slow":
    case "overdue":
      holds<Equal<typeof event.flow, PendingFlow<Provider>>>();
      return event.flow.href ?? event.flow.stage;
    case "completed":
      holds<Equal<typeof event.flow, CompletedFlow<Provider>>>();
      return event.flow.integrationId ?? event.flow.integrations?.map(({ tool, id }: Integration) => tool + id);
    case "failed":
    case "cancelled":
    case "expired":
    case "confirmed":
      holds<Equal<typeof event.flow, UnsuccessfulFlow<Provider>>>();
      return event.flow.provisional ? event.flow.error.message : event.flow.error.code;
    default:
      return [via, event.at, event.flow.startedHere];
  }
});
sync.subscribe((event) => {
  if (event.type === "connection") {
    holds<Equal<typeof event, ConnectionEvent>>();
    return [event.change === "reauth_required", event.connection.expiresAt, event.via];
  }
  return event.flow.id;
}, { connections: true });
// Who does not ask for connections has flows alone.
sync.subscribe(({ flow }) => flow.id);
const connections: readonly Connection[] = sync.connections();
holds<Equal<Connection["state"], "active" | "expired" | "refresh_failed" | "reauth_required" | "disconnected">>();
const refreshed: Promise<Connection> = sync.refresh("int_1");
const answered: Promise<Response> = sync.fetch("/api/repositories", { integrationId: "int_1", method: "POST" });
const flow: Flow = sync.flows()[0] as Flow;
if (flow.status === "pending") holds<Equal<typeof flow.window, "open" | "closed" | "blocked" | "unknown">>();
else if (flow.status === "completed") holds<Equal<typeof flow.settledAt, number>>();
else holds<Equal<typeof flow.error, FlowError>>();
const state: Json | undefined = flow.appState;

// Codes are open, and those that are known are offered.
const code: ErrorCode = "something_new";
holds<Equal<Extract<ErrorCode, "access_denied">, "access_denied">>();

const error = new OAuthSyncError();
holds<Equal<typeof error.code, "wasm_blocked" | "wasm_unreachable" | "wasm_mismatch" | "closed" | "removed" | "refresh_failed" | "reconnect_required">>();
const isError: Error = error;

// A stand-in of one's own will do where an instance is asked for.
const fake: Pick<OAuthSync, keyof OAuthSync> = sync;
const whole: OAuthSync = fake as { [K in keyof OAuthSync]: OAuthSync[K] };

const notify: (notice: Notice, options?: NotifyOptions) => Promise<NotifyResult> = callback.notify;
const finish: (notice: Notice, options?: NotifyOptions & { fallback?: HTMLElement }) => Promise<NotifyResult> = callback.finish;
holds<Equal<ReturnType<typeof callback.noticeFromUrl>, Notice | null>>();
const fromCallback: [callback.Notice, callback.NotifyOptions, callback.NotifyResult] | undefined = undefined as [Notice, NotifyOptions, NotifyResult] | undefined;
const source: StatusSource = { statusUrl: new URL("https://api.example/status") };
const startUrl: StartUrl = (request: StartRequest) => new URL(request.flowId, "https://idp.example");
const startOptions: StartOptions = {};
const reply: StatusReply = { status: "unknown" };
