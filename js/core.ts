/** One core for each namespace and scope of this page: the module, the flows that it knows, and who listens. */
import type { Connections } from "./connections.js";
import { failure, messageOf, OAuthSyncError } from "./errors.js";
import { load } from "./module.js";
import { type CoreConnectionEvent, type CoreDiagnostics, type CoreEvent, type CoreOptions, type CoreStart, OAuthSync as Machine } from "./oauth_sync.js";
import { early, freeze, isSame, snapshot } from "./snapshots.js";
import type { ConnectionEvent, Flow, OAuthSyncEvent, Options, StartOptions } from "./types.js";

/** An event and the number by which the module knows it. */
export interface Told {
  readonly seq: number;
  readonly event: OAuthSyncEvent | ConnectionEvent;
}

/** An instance: hears of every change as soon as it is there. */
export type Member = (news: readonly Told[]) => void;

const cores = new Map<string, Core>();

export class Core {
  /** The core that `options` name; made for the first who asks, whose options it keeps. */
  static join(options: CoreOptions, wasm: Options["wasm"], member: Member): Core {
    const key = JSON.stringify([options.namespace, options.scope]);
    const core = cores.get(key) ?? new Core(key, options, wasm);
    cores.set(key, core);
    core.#members.add(member);
    return core;
  }

  readonly namespace: string;
  /** Resolves when stored flows are back. */
  readonly loaded: Promise<void>;
  /** The windows that this page opened and has not lost. */
  readonly windows = new Map<string, Window>();
  /** How flows were started, for `retry`. */
  readonly started = new Map<string, StartOptions>();
  /** There once the module is, where there is a `connectionsUrl`. */
  connections: Connections | undefined;
  readonly hasConnections: boolean;
  readonly #key: string;
  readonly #options: CoreOptions;
  readonly #members = new Set<Member>();
  readonly #flows = new Map<string, Flow>();
  #list: readonly Flow[] | undefined;
  #machine: Machine | undefined;
  /** What was asked for before the module was there; undefined once it is there or will never be. */
  #waiting: ((machine: Machine) => void)[] | undefined = [];

  private constructor(key: string, options: CoreOptions, wasm: Options["wasm"]) {
    this.#key = key;
    this.#options = options;
    this.namespace = options.namespace;
    this.hasConnections = options.connectionsUrl !== undefined;
    const part = this.hasConnections && import("./connections.js").catch((error) => Promise.reject(failure("wasm_unreachable", error)));
    this.loaded = Promise.all([load(wasm), part]).then(([, part]) => this.#begin(part && part.Connections));
    // Whoever does not ask for `ready` shall not hear of it as an unhandled rejection.
    this.loaded.catch(() => (this.#waiting = undefined));
  }

  leave(member: Member): void {
    this.#members.delete(member);
    if (this.#members.size) return;
    cores.delete(this.#key);
    this.run((machine) => {
      machine.act("close");
      machine.free();
    });
    this.#machine = this.#waiting = undefined;
  }

  /** Newest first. */
  flows(): readonly Flow[] {
    this.#list ??= Object.freeze([...this.#flows.values()].reverse().sort((one, other) => other.startedAt - one.startedAt));
    return this.#list;
  }

  flow(flowId: string): Flow | undefined {
    return this.#flows.get(flowId);
  }

  start(request: CoreStart): Flow {
    const flow = early(request, this.#options.expireAfter);
    this.#put(flow);
    this.run((machine) => machine.act("start", request));
    return this.flow(request.flowId) ?? flow;
  }

  /** Now, or as soon as the module is there. Nothing that it throws may reach a click handler of the app. */
  run(act: (machine: Machine) => void): void {
    if (!this.#machine) {
      this.#waiting?.push(act);
      return;
    }
    try {
      act(this.#machine);
    } catch (error) {
      report(error);
    }
  }

  async check(flowId: string | undefined): Promise<void> {
    await this.loaded;
    await this.#machine?.check(flowId);
  }

  async #refresh(id: string, seen: number | undefined): Promise<string | undefined> {
    await this.loaded;
    return this.#machine?.refresh(id, seen);
  }

  diagnostics(): CoreDiagnostics | undefined {
    return this.#machine?.diagnostics();
  }

  #begin(part: typeof Connections | false): void {
    const waiting = this.#waiting;
    if (!waiting) throw failure("closed");
    this.#waiting = undefined;
    if (part) {
      const refresh = (id: string, seen: number | undefined) => this.#refresh(id, seen);
      this.connections = new part({ failure, messageOf, freeze, refresh, fetch: this.#options.fetch ?? ((request) => fetch(request)) });
    }
    try {
      this.#machine = new Machine(this.#options, (events) => this.#fold(events));
      this.#machine.flows().reverse().forEach((flow) => this.#put(snapshot(flow)));
    } catch (error) {
      throw error instanceof OAuthSyncError ? error : failure("wasm_mismatch", error);
    }
    waiting.forEach((act) => this.run(act));
  }

  #fold(events: readonly (CoreEvent | CoreConnectionEvent)[]): void {
    const news = events.map((each) => {
      if ("connection" in each) return { seq: each.seq, event: this.connections?.fold(each) as ConnectionEvent };
      const { seq, type, at, via, flow: core } = each;
      const flow = this.#put(snapshot(core));
      if (type === "removed" || flow.status !== "pending") this.windows.delete(flow.id);
      if (type === "removed") {
        this.#flows.delete(flow.id);
        this.started.delete(flow.id);
        this.#list = undefined;
      }
      return { seq, event: Object.freeze({ type, at, via, flow }) as OAuthSyncEvent };
    });
    for (const member of this.#members) member(news);
  }

  /** The flow as it is shown from now on: the object of before, where nothing in it has changed. */
  #put(flow: Flow): Flow {
    const before = this.#flows.get(flow.id);
    if (before && isSame(before, flow)) return before;
    this.#flows.set(flow.id, flow);
    this.#list = undefined;
    return flow;
  }
}

/** As if nobody had caught it: to the console and to `error` listeners. */
export function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}
