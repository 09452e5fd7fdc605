/**
 * `oauth-sync/testing`: the real module, in a page of its own where time passes when a test says so, windows open
 * nowhere, and the server answers what a test says.
 */
import { need } from "../check.js";
import { OAuthSync } from "../index.js";
import type {
  Connection,
  Diagnostics,
  ErrorCode,
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
} from "../types.js";
import { Clock, rest } from "./clock.js";
import { ServerConnections } from "./connections.js";
import { makeRealm, type OpenedWindow } from "./realm.js";
import { sandbox } from "./sandbox.js";

/** Set by the build. */
declare const IS_NODE: boolean;

export type TestOptions<P extends string = string> = Omit<Options<P>, "statusUrl" | "checkStatus" | "connectionsUrl" | "eventsUrl" | "fetch">;

/** What the server keeps of a connection. */
export interface ServerConnection {
  readonly provider: string;
  /** Default `active`. What is not is what a refresh comes to as well. */
  readonly state?: Exclude<Connection["state"], "disconnected">;
  readonly tools?: readonly string[];
  readonly scopes?: readonly string[];
  /** Default true. */
  readonly refreshable?: boolean;
  /** How long a token lives, in milliseconds, from now and from each refresh. Default: for ever. */
  readonly expiresIn?: number;
  readonly error?: { readonly code: ErrorCode };
}

export interface Opened {
  readonly flowId: string;
  /** Empty until a `startUrl` that is a function has given an address. */
  readonly url: string;
  readonly target: string;
}

/** Opened windows are looked at this often; the module's own figure. */
const WINDOW_LOOK = 500;
/** How long a callback page waits to be heard. */
const ACK_TIMEOUT = 500;
/** At most one question begins in a second, and for a server that wants to be left alone the page waits a minute at most. */
const QUESTION_GAP = 61_000;

/** The list of connections is read again when a person looks, but not more often than this. */
const LIST_GAP = 10_000;

/** An `OAuthSync` to give to the code under test. Each has a page of its own: no storage, tab or clock is shared. */
export class TestOAuthSync<P extends string = string> implements Pick<OAuthSync<P>, keyof OAuthSync<P>> {
  /** An instance whose `ready` has resolved. */
  static async open<P extends string = string>(options?: TestOptions<P>): Promise<TestOAuthSync<P>> {
    const sync = new TestOAuthSync<P>(options);
    await sync.ready;
    return sync;
  }

  readonly ready: Promise<void>;
  readonly subscribe: Subscribe<P>;
  readonly flows: () => readonly Flow<P>[];
  readonly connections: () => readonly Connection<P>[];
  /** While true, the page may open no windows. */
  blockPopups = false;
  readonly #opened: { -readonly [K in keyof Opened]: Opened[K] }[] = [];
  readonly #windows = new Map<string, OpenedWindow>();
  readonly #answers = new Map<string, StatusReply>();
  readonly #clock = new Clock(Date.now());
  readonly #server = new ServerConnections(this.#clock.now);
  readonly #inner: OAuthSync<P>;
  readonly #look: () => void;

  constructor(options: TestOptions<P> = {} as TestOptions<P>) {
    need(Object(options) === options, "options");
    for (const name of ["statusUrl", "checkStatus", "connectionsUrl", "eventsUrl", "fetch"]) need(!(name in options), `options.${name}: here the server is the test`);
    const namespace = options.namespace ?? "oauth-status";
    const wasm = options.wasm ?? new URL("../oauth_sync_bg.wasm", import.meta.url);
    const realm = makeRealm(pageAddress(), this.#clock, {
      onFetch: async (url, method) => {
        if (url === String(wasm)) return read(url);
        return this.#server.answer(new URL(url, pageAddress()), method) ?? new Response(null, { status: 204 });
      },
      isBlocking: () => this.blockPopups,
      onOpen: (window, name, url, isTab) => {
        const flowId = name.replace("oauth-sync-", "");
        this.#windows.set(flowId, window);
        this.#opened.push({ flowId, url, target: isTab ? "tab" : "popup" });
      },
      onNavigate: (window, url) => {
        const [flowId] = [...this.#windows].find(([, each]) => each === window) ?? [];
        const last = this.#opened.filter((each) => each.flowId === flowId).at(-1);
        if (last) last.url = url;
      },
      onDepart: (url) => {
        const left = JSON.parse(realm.sessionStorage.getItem(namespace) ?? "{}") as { flowId?: string };
        this.#opened.push({ flowId: left.flowId ?? "", url, target: "redirect" });
      },
    });
    this.#look = realm.look;
    this.#inner = new (sandbox(realm).OAuthSync)<P>({
      startUrl: "/oauth/start/{provider}",
      connectionsUrl: "/oauth/connections",
      ...options,
      wasm,
      checkStatus: async ({ flowId }) => this.#answers.get(flowId) ?? { status: "pending" },
    } as Options<P>);
    ({ ready: this.ready, subscribe: this.subscribe, flows: this.flows, connections: this.connections } = this.#inner);
  }

  /** What has been opened, oldest first: popups, tabs, and redirects of the page itself. */
  get opened(): readonly Opened[] {
    return this.#opened;
  }

  /** What the server says of a flow from now on. Resolves when the page has asked and knows, for which a second passes at most, or what an earlier answer asked for by `retryAfterMs`. A flow that the server has settled is not asked about again: there is `report`. */
  async answer(flowId: string, reply: StatusReply): Promise<void> {
    await this.ready;
    this.#answers.set(flowId, reply);
    await this.#within(QUESTION_GAP, this.check(flowId));
  }

  /** What the server keeps of a connection from now on; undefined for one that is gone. Resolves when the page has looked and knows, for which ten seconds pass. */
  async connection(id: string, connection: ServerConnection | undefined): Promise<void> {
    await this.ready;
    this.#server.set(id, connection);
    await this.advance(LIST_GAP);
    this.#look();
    await this.advance(0);
  }

  /** The person closes the flow's window. Resolves when the page has noticed, half a second later. */
  async closeWindow(flowId: string): Promise<void> {
    await this.ready;
    this.#windows.get(flowId)?.close();
    await this.advance(WINDOW_LOOK);
  }

  /** Lets time pass, with everything that falls into it. */
  async advance(ms: number): Promise<void> {
    need(Number.isFinite(ms) && ms >= 0, "ms");
    await this.ready;
    await this.#clock.advance(ms);
  }

  start(provider: P, options?: StartOptions<P>): PendingFlow<P> {
    return this.#inner.start(provider, options);
  }

  retry(flowId: string): PendingFlow<P> {
    return this.#inner.retry(flowId);
  }

  cancel(flowId: string): void {
    this.#inner.cancel(flowId);
  }

  dismiss(flowId: string): void {
    this.#inner.dismiss(flowId);
  }

  reset(): void {
    this.#inner.reset();
  }

  latest(provider: P): Flow<P> | undefined {
    return this.#inner.latest(provider);
  }

  settled(flowId: string, options?: { signal?: AbortSignal }): Promise<SettledFlow<P>> {
    return this.#inner.settled(flowId, options);
  }

  check(flowId?: string): Promise<void> {
    return this.#inner.check(flowId);
  }

  report(flowId: string, reply: StatusReply): void {
    this.#inner.report(flowId, reply);
  }

  refresh(integrationId: string): Promise<Connection<P>> {
    return this.#inner.refresh(integrationId);
  }

  fetch(input: RequestInfo | URL, init?: FetchInit): Promise<Response> {
    return this.#inner.fetch(input, init);
  }

  /** What a callback page of this app would say. */
  async notify(notice: Notice, options?: NotifyOptions): Promise<NotifyResult> {
    await this.ready;
    return this.#within(ACK_TIMEOUT, this.#inner.notify(notice, options));
  }

  diagnostics(): Diagnostics {
    return this.#inner.diagnostics();
  }

  close(): void {
    this.#inner.close();
    this.#clock.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits for what needs time to pass, and lets no more pass than it needs. */
  async #within<T>(ms: number, outcome: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => void (isOver = true);
    outcome.then(over, over);
    await this.#clock.advance(ms, () => isOver);
    await rest();
    return outcome;
  }
}

/** The page that a test is in, where it is in one: addresses are then what they would be. */
function pageAddress(): string {
  const href = globalThis.location?.href;
  return href !== undefined && /^https?:/.test(href) ? href : "http://localhost/";
}

/** Node's `fetch` reads no files. */
async function read(url: string): Promise<Response> {
  if (IS_NODE && url.startsWith("file:")) return new Response(await (await import("node:fs/promises")).readFile(new URL(url)));
  return fetch(url);
}

// Another class to JavaScript than that of `oauth-sync`, since its code runs elsewhere; to `instanceof` it is one.
Object.setPrototypeOf(TestOAuthSync.prototype, OAuthSync.prototype);
