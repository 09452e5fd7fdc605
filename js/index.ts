/** `oauth-sync`: the class in front of the wasm module, which it loads behind the first click. */
import { notify } from "./callback.js";
import { isFunction, isText, need, needFlowId, needObject, needProvider } from "./check.js";
import { Core, report, type Told } from "./core.js";
import type { Connections } from "./connections.js";
import { failure } from "./errors.js";
import { coreOptions, needOptions } from "./options.js";
import { Starter } from "./starter.js";
import type {
  Connection,
  Diagnostics,
  FetchInit,
  Flow,
  Notice,
  NotifyOptions,
  NotifyResult,
  Options,
  PendingFlow,
  SettledFlow,
  StartOptions,
  StatusReply,
  Subscribe,
} from "./types.js";

export { OAuthSyncError } from "./errors.js";
export type * from "./types.js";

/** Filled in by the build, from package.json. */
declare const VERSION: string;

type Waiter = { resolve(flow: SettledFlow): void; reject(error: unknown): void };

/** Follows the OAuth flows of this app in every window of it. */
export class OAuthSync<P extends string = string> {
  /** An instance whose `ready` has resolved. */
  static async open<P extends string = string>(options?: Options<P>): Promise<OAuthSync<P>> {
    const sync = new OAuthSync<P>(options);
    try {
      await sync.ready;
    } catch (error) {
      sync.close();
      throw error;
    }
    return sync;
  }

  /** Resolves when stored flows are back; rejects with an `OAuthSyncError`, never unhandled. */
  readonly ready: Promise<void>;
  readonly #listeners = new Set<{ listener: (event: never) => void; connections: boolean }>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** What happened while nobody listened. */
  #held: Told[] = [];
  #isScheduled = false;
  #listenerErrors = 0;
  /** Undefined on a server and after `close`. */
  #core: Core | undefined;
  #starter: Starter | undefined;
  #lastFlows: readonly Flow[] = Object.freeze([]);
  #lastConnections: readonly Connection[] = Object.freeze([]);

  /**
   * Usable at once: the module loads behind it. Instances of one namespace and scope in a page share what they know, and what
   * the first of them was given, but for `startUrl`. On a server it does nothing.
   */
  constructor(options: Options<P> = {}) {
    needOptions(options);
    this.latest = this.latest.bind(this);
    if (globalThis.document) {
      this.#core = Core.join(coreOptions(options as Options), options.wasm, this.#hear);
      this.#starter = new Starter(this.#core, options.startUrl as Options["startUrl"]);
    }
    this.ready = this.#core?.loaded ?? Promise.resolve();
  }

  /** Call it in the click: the window opens before this returns. A window of this provider that is still open here comes to the front instead. */
  start(provider: P, options: StartOptions<P> = {}): PendingFlow<P> {
    needProvider(provider);
    return this.#alive().start(provider, options as StartOptions) as PendingFlow<P>;
  }

  /** Call it in the click. A pending flow gets its window again, a settled one a flow that follows it. */
  retry(flowId: string): PendingFlow<P> {
    needFlowId(flowId);
    return this.#alive().retry(flowId) as PendingFlow<P>;
  }

  /** Settles the flow in every tab and closes its window where it can. A success that still comes counts. */
  cancel(flowId: string): void {
    needFlowId(flowId);
    this.#core?.run((machine) => machine.act("cancel", flowId));
  }

  /** Takes a settled flow out of `flows()` in every tab. */
  dismiss(flowId: string): void {
    needFlowId(flowId);
    this.#core?.run((machine) => machine.act("dismiss", flowId));
  }

  /** Forgets every flow in every tab, as signing out should. */
  reset(): void {
    this.#core?.run((machine) => machine.act("reset"));
  }

  /** Bound. Events come in a microtask after the change; those before the first subscriber are kept for it. With `connections` the listener hears of those, too. Returns what unsubscribes. */
  readonly subscribe: Subscribe<P> = (listener: (event: never) => void, options: { connections?: boolean } = {}): (() => void) => {
    need(isFunction(listener), "listener");
    needObject(options, "options");
    const entry = { listener, connections: options.connections === true };
    if (this.#core) this.#listeners.add(entry);
    this.#schedule();
    return () => void this.#listeners.delete(entry);
  };

  /** Bound. Newest first; the same frozen array until something changes. */
  readonly flows = (): readonly Flow<P>[] => {
    if (this.#core) this.#lastFlows = this.#core.flows();
    return this.#lastFlows as readonly Flow<P>[];
  };

  /** Bound. Newest first; the same frozen array until something changes. Empty until `ready`, and without `connectionsUrl`. */
  readonly connections = (): readonly Connection<P>[] => {
    this.#lastConnections = this.#core?.connections?.list() ?? this.#lastConnections;
    return this.#lastConnections as readonly Connection<P>[];
  };

  /**
   * Refreshes a connection: one request, however many tabs and callers want it at that moment, and all get its outcome,
   * after 40 seconds at the latest. Rejects with an `OAuthSyncError`: `refresh_failed` (may work later), `reconnect_required`,
   * `removed` (there is none of this id any more) or `closed`.
   */
  async refresh(integrationId: string): Promise<Connection<P>> {
    need(isText(integrationId) && integrationId, "integrationId");
    return (await this.#connected()).refresh(integrationId) as Promise<Connection<P>>;
  }

  /**
   * As `fetch`, for http(s). On a 401 the connection `integrationId` (by default the only one) is refreshed once, and the
   * request made once more; where that is no use, the response is the 401.
   */
  async fetch(input: RequestInfo | URL, init?: FetchInit): Promise<Response> {
    need(init?.integrationId === undefined || isText(init.integrationId), "init.integrationId");
    return (await this.#connected()).fetch(input, init);
  }

  /** Bound. The newest flow of a provider. */
  latest(provider: P): Flow<P> | undefined {
    return this.flows().find((flow) => flow.provider === provider);
  }

  /** The first verdict on a flow, also on one that is settled. Rejects with the signal's reason, or an `OAuthSyncError`: `closed` or `removed`. */
  async settled(flowId: string, options: { signal?: AbortSignal } = {}): Promise<SettledFlow<P>> {
    needFlowId(flowId);
    needObject(options, "options");
    const { signal } = options;
    need(signal === undefined || isFunction(signal?.addEventListener), "options.signal");
    if (signal?.aborted) throw signal.reason;
    let waiter: Waiter | undefined;
    let stop: (() => void) | undefined;
    const waiters = this.#waiters.get(flowId) ?? new Set();
    try {
      return (await new Promise<SettledFlow>((resolve, reject) => {
        waiter = { resolve, reject };
        this.#waiters.set(flowId, waiters.add(waiter));
        stop = () => reject(signal?.reason);
        signal?.addEventListener("abort", stop);
        if (!this.#core) reject(failure("closed"));
        const look = () => {
          const flow = this.#core?.flow(flowId);
          if (!flow) reject(failure("removed"));
          else if (flow.status !== "pending") resolve(flow);
        };
        // A flow that was started before the module was there is settled by nobody if it never comes.
        this.#core?.loaded.then(look, (cause) => reject(failure("closed", cause)));
      })) as SettledFlow<P>;
    } finally {
      if (waiter) waiters.delete(waiter);
      if (!waiters.size) this.#waiters.delete(flowId);
      if (stop) signal?.removeEventListener("abort", stop);
    }
  }

  /** Asks the server now; resolves when its answer is in `flows()`, or could not be had: after 11 s at the latest. */
  async check(flowId?: string): Promise<void> {
    if (flowId !== undefined) needFlowId(flowId);
    // That the module does not load is for `ready` to say.
    await this.#core?.check(flowId).catch(() => {});
  }

  /** Takes what the app's own push has learned from the server as the server's word. */
  report(flowId: string, reply: StatusReply): void {
    needFlowId(flowId);
    needObject(reply, "reply");
    this.#core?.run((machine) => machine.act("report", flowId, reply));
  }

  /** As `notify` of `oauth-sync/callback`. */
  notify(notice: Notice, options?: NotifyOptions): Promise<NotifyResult> {
    return notify(notice, options);
  }

  /** How this page is doing. */
  diagnostics(): Diagnostics {
    const core = this.#core?.diagnostics();
    return Object.freeze({
      version: VERSION,
      ready: core !== undefined,
      poller: core?.poller ?? "none",
      facilities: Object.freeze({ ...core?.facilities }),
      dropped: Object.freeze({ ...core?.dropped }),
      listenerErrors: this.#listenerErrors,
    });
  }

  /**
   * Lets go of everything in this page. Flows go on in other tabs, and here after the next start. Safe twice; later calls do
   * nothing, and `start` and `retry` throw an `OAuthSyncError` of the code `closed`.
   */
  close(): void {
    this.flows();
    this.connections();
    const core = this.#core;
    this.#core = undefined;
    this.#starter?.close();
    this.#starter = undefined;
    this.#listeners.clear();
    this.#held = [];
    this.#waiters.forEach((waiters) => waiters.forEach((waiter) => waiter.reject(failure("closed"))));
    core?.leave(this.#hear);
  }

  async #connected(): Promise<Connections> {
    const core = this.#core;
    if (core) need(core.hasConnections, "options.connectionsUrl: there is none");
    await core?.loaded.catch((cause) => Promise.reject(failure("closed", cause)));
    if (!core?.connections) throw failure("closed");
    return core.connections;
  }

  #alive(): Starter {
    if (!this.#starter) throw failure("closed");
    return this.#starter;
  }

  readonly #hear = (news: readonly Told[]): void => {
    for (const told of news) {
      if (told.event.type === "connection") {
        this.#held.push(told);
        continue;
      }
      const { type, flow } = told.event;
      // While nobody listens, only the last of these says anything.
      if (type === "changed") this.#held = this.#held.filter(({ event }) => event.type !== type || event.flow.id !== flow.id);
      this.#held.push(told);
      if (flow.status !== "pending") {
        this.#waiters.get(flow.id)?.forEach((waiter) => waiter.resolve(flow));
        this.#starter?.over(flow.id);
      } else if (type === "removed") {
        this.#waiters.get(flow.id)?.forEach((waiter) => waiter.reject(failure("removed")));
        this.#starter?.over(flow.id);
      }
    }
    this.#schedule();
  };

  #schedule(): void {
    if (this.#isScheduled || !this.#listeners.size) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    this.#isScheduled = false;
    let last: number | undefined;
    for (let told: Told | undefined; this.#listeners.size && (told = this.#held.shift()); last = told.seq) {
      for (const entry of [...this.#listeners]) {
        // One before it may have unsubscribed it, or closed this instance.
        if (!this.#listeners.has(entry) || (told.event.type === "connection" && !entry.connections)) continue;
        try {
          entry.listener(told.event as never);
        } catch (error) {
          this.#listenerErrors += 1;
          report(error);
        }
      }
    }
    if (last !== undefined) this.#core?.run((machine) => machine.act("told", last));
  }
}

export interface OAuthSync<P extends string = string> {
  /** As `close`. */
  [Symbol.dispose](): void;
}

// Where the browser has no `Symbol.dispose`, a method of that name would be called "undefined".
if (Symbol.dispose) {
  Object.defineProperty(OAuthSync.prototype, Symbol.dispose, {
    value(this: OAuthSync) {
      this.close();
    },
  });
}
