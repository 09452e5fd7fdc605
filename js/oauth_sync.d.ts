/**
 * The wasm module as the front sees it: what `wasm-bindgen` makes of `src/api.rs`, and the build of that, written by
 * hand so that the front compiles before the module does. `tests/types` compares the class.
 */

export interface CoreOptions {
  namespace: string;
  scope: string;
  statusUrl?: string;
  checkStatus?: (request: object) => Promise<unknown>;
  fetch?: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  cancelUrl?: string;
  eventsUrl?: string;
  connectionsUrl?: string;
  tiers?: { every: number; polls: number }[];
  slowAfter?: number;
  overdueAfter?: number;
  expireAfter?: number;
  keepSettled?: number;
  confirm?: boolean;
  callbackOrigins?: string[];
  log?: (entry: LogEntry) => void;
}

export interface LogEntry {
  level: "debug" | "info" | "warn" | "error";
  code: string;
  flowId?: string;
  at: number;
}

/** A flow on its way out of the module; a fresh object each time. What is not known is absent. */
export interface CoreFlow {
  id: string;
  provider: string;
  startedAt: number;
  expiresAt: number;
  startedHere: boolean;
  /** JSON. */
  appState?: string;
  retryOf?: string;
  status: "pending" | "completed" | "failed" | "cancelled" | "expired";
  stage?: string;
  window?: string;
  href?: string;
  settledAt?: number;
  integrationId?: string;
  integrations?: { tool: string; id: string }[];
  provisional?: boolean;
  error?: { code: string; retryable: boolean };
}

export interface CoreEvent {
  seq: number;
  type: string;
  at: number;
  via: string;
  flow: CoreFlow;
}

/** A connection on its way out of the module; a fresh object each time. What is not known is absent. */
export interface CoreConnection {
  id: string;
  provider: string;
  tools: string[];
  state: "active" | "expired" | "refresh_failed" | "reauth_required" | "disconnected";
  version: number;
  scopes: string[];
  refreshable: boolean;
  connectedAt: number;
  refreshedAt?: number;
  expiresAt?: number;
  error?: { code: string; retryable: boolean };
}

export interface CoreConnectionEvent {
  seq: number;
  type: "connection";
  change: string;
  at: number;
  via: string;
  connection: CoreConnection;
}

export type WindowState = "open" | "blocked" | "unknown";

export interface CoreStart {
  flowId: string;
  provider: string;
  startedAt: number;
  window: WindowState;
  /** Absent while a function still looks for it. */
  href?: string;
  /** JSON. */
  appState?: string;
  retryOf?: string;
}

export interface CoreDiagnostics {
  poller: "this" | "other" | "none";
  facilities: Record<string, "ok" | "missing" | "refused">;
  dropped: Record<string, number>;
}

/** Everything of one namespace and scope in this page. Nothing that the caller wrote runs inside one of its calls. */
export class OAuthSync {
  constructor(options: CoreOptions, onEvents: (events: (CoreEvent | CoreConnectionEvent)[]) => void);
  flows(): CoreFlow[];
  /** The flow is stored when this returns. */
  act(name: "start", request: CoreStart): void;
  act(name: "watch", flowId: string, handle: Window): void;
  act(name: "href", flowId: string, href: string): void;
  act(name: "reopen", flowId: string, window: WindowState, href?: string): void;
  act(name: "startFailed" | "cancel" | "dismiss", flowId: string): void;
  act(name: "report", flowId: string, reply: unknown): void;
  /** Every event up to `seq` has been given to listeners. */
  act(name: "told", seq: number): void;
  act(name: "reset" | "close"): void;
  check(flowId?: string): Promise<void>;
  /** `done`, `refresh_failed`, `reconnect_required` or `removed`; undefined where this was closed. */
  refresh(id: string, seen?: number): Promise<string | undefined>;
  diagnostics(): CoreDiagnostics;
  free(): void;
}

/** Stamped on glue and module by the build: only a pair of one build works. */
export const build: string;

/** Instantiates the module; once for the page. */
export function instantiate(module: WebAssembly.Module): Promise<unknown>;
