/** The page under test: `<oauth-connect>` elements, and a stand-in for the module that shows whatever flow a test names. */
import type { OAuthSync } from "../../../js/index.js";
import type { Connection, ConnectionEvent, Flow, OAuthSyncEvent } from "../../../js/types.js";
import * as element from "../../../js/element/index.js";
import * as toast from "../../../js/element/toast.js";

interface State {
  readonly flow: object | null;
  /** A connection; `expiresIn` is from now on. */
  readonly connection?: { readonly state: Connection["state"]; readonly expiresIn?: number };
  readonly isOffline?: boolean;
  readonly isConnected?: boolean;
  readonly trouble?: string;
}

export class FakeSync {
  readonly calls: unknown[][] = [];
  readonly ready: Promise<void>;
  #flows: readonly Flow[] = [];
  readonly #listeners = new Set<(event: OAuthSyncEvent | ConnectionEvent) => void>();
  /** What the next `refresh` comes to. */
  refreshing: () => Promise<void> = () => new Promise(() => {});
  #connections: readonly Connection[] = [];

  constructor(trouble?: string) {
    this.ready = trouble ? Promise.reject(Object.assign(new Error(trouble), { code: trouble })) : Promise.resolve();
    this.ready.catch(() => {});
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  flows = () => this.#flows;
  latest = (provider: string) => this.#flows.find((flow) => flow.provider === provider);
  connections = () => this.#connections;
  subscribe = (listener: (event: OAuthSyncEvent | ConnectionEvent) => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Makes `flow` the provider's newest, and says so. */
  put(provider: string, flow: object | null, type = "changed"): void {
    const now = Date.now();
    const before = this.latest(provider);
    const whole = flow && { id: "flow-0001", provider, startedAt: now, expiresAt: now + 3_750_000 - 181_000, startedHere: true, ...flow };
    this.#flows = [...(whole ? [whole as Flow] : []), ...this.#flows.filter((each) => each.provider !== provider)];
    const event = { type: flow ? type : "removed", at: now, via: "local", flow: whole ?? before ?? { provider } } as OAuthSyncEvent;
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Makes `connection` the provider's, and says so. */
  putConnection(provider: string, given: State["connection"], change: ConnectionEvent["change"] = "changed"): void {
    const before = this.#connections.find((each) => each.provider === provider);
    const now = Date.now();
    const { expiresIn, ...more } = given ?? { state: "disconnected" };
    const connection: Connection = { id: "int_1", provider, tools: [], scopes: [], refreshable: true, connectedAt: now, ...(expiresIn !== undefined && { expiresAt: now + expiresIn }), ...more };
    this.#connections = [...this.#connections.filter((each) => each !== before), ...(connection.state === "disconnected" ? [] : [connection])];
    if (given || before) for (const listener of [...this.#listeners]) listener({ type: "connection", change: connection.state === "disconnected" ? "disconnected" : change, at: now, via: "push", connection });
  }

  refresh = (id: string) => {
    this.#pressed("refresh", id);
    return this.refreshing();
  };
  start = (provider: string, options: unknown) => this.#pressed("start", provider, options);
  retry = (flowId: string) => this.#pressed("retry", flowId);
  cancel = (flowId: string) => this.#pressed("cancel", flowId);
  dismiss = (flowId: string) => this.#pressed("dismiss", flowId);

  #pressed(...call: unknown[]): void {
    this.calls.push([...call, navigator.userActivation.isActive]);
  }
}

const syncs = new Map<Element, FakeSync>();

/** Puts an element of its own into `state`; by its id, so that one is brought from state to state. */
function show(id: string, state: State, attributes: Record<string, string> | null): void {
  let host = document.getElementById(id) as element.OAuthConnect | null;
  if (!host || state.trouble) {
    host?.remove();
    host = document.createElement("oauth-connect");
    host.id = id;
    host.setAttribute("provider", "github");
    for (const [name, value] of Object.entries(attributes ?? {})) host.setAttribute(name, value);
    const sync = new FakeSync(state.trouble);
    syncs.set(host, sync);
    host.sync = sync as unknown as OAuthSync;
    document.querySelector("main")?.append(host);
  }
  Object.defineProperty(navigator, "onLine", { value: !state.isOffline, configurable: true });
  dispatchEvent(new Event(state.isOffline ? "offline" : "online"));
  host.connected = state.isConnected ?? false;
  syncs.get(host)?.put(host.provider, state.flow);
  syncs.get(host)?.putConnection(host.provider, state.connection);
}

const violations: string[] = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => violations.push(violatedDirective));

Object.assign(window, { violations, element, toast, FakeSync, syncs, show, syncOf: (id: string) => syncs.get(document.getElementById(id) as Element) });
