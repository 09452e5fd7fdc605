/** The public types. One file and no code, so that the front, the callback page and the tests share them. */

/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Codes of RFC 6749 4.1.2.1 and OpenID Connect unchanged, and this module's own. The list is open: have a default. */
export type ErrorCode =
  | "access_denied"
  | "temporarily_unavailable"
  | "server_error"
  | "admin_consent_required"
  | "cancelled_by_user"
  | "start_failed"
  | "expired"
  | "unknown_flow"
  | "interrupted"
  | (string & {});

/** Why a flow did not end well. */
export interface FlowError {
  readonly code: ErrorCode;
  /** English, made here from `code`; never what a callback page wrote. Translate by `code`. */
  readonly message: string;
  /** Whether the same click may end better. */
  readonly retryable: boolean;
}

interface FlowBase<P extends string> {
  readonly id: string;
  readonly provider: P;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** This tab began it; what must happen once (a toast, a count, a navigation) belongs here. */
  readonly startedHere: boolean;
  /** The value given to `start`. It outlives reloads and redirects and is never sent anywhere. */
  readonly appState?: Json;
  /** The id of the settled flow that this one tries again. */
  readonly retryOf?: string;
}

/** A flow that nothing is decided about. */
export interface PendingFlow<P extends string = string> extends FlowBase<P> {
  readonly status: "pending";
  /**
   * `confirming`: a callback page reported, and the server is being asked. `overdue`: time to offer a retry, while a
   * success still counts.
   */
  readonly stage: "opening" | "waiting" | "confirming" | "slow" | "overdue";
  /** Only a hint. `unknown`: opened by another tab, or before a reload. */
  readonly window: "open" | "closed" | "blocked" | "unknown";
  /** The address for `<a href target="_blank" rel="opener">` where the popup was blocked; absent while it is not known. */
  readonly href?: string;
  /** A reason to doubt a good end, such as a denial that the server has not confirmed. Keep listening. */
  readonly error?: FlowError;
}

/** One of the tools that a single consent connected, as Atlassian's does for Jira and Confluence. */
export interface Integration {
  readonly tool: string;
  readonly id: string;
}

/** A flow that made a connection. */
export interface CompletedFlow<P extends string = string> extends FlowBase<P> {
  readonly status: "completed";
  readonly settledAt: number;
  /** The connection's id in the app; its meaning is the app's. */
  readonly integrationId?: string;
  readonly integrations?: readonly Integration[];
}

/** A flow that made none. */
export interface UnsuccessfulFlow<P extends string = string> extends FlowBase<P> {
  readonly status: "failed" | "cancelled" | "expired";
  readonly settledAt: number;
  readonly error: FlowError;
  /** Rests on a notice, the clock or a click. The server is still being asked, and a success still counts. */
  readonly provisional: boolean;
}

/** A flow that ended. */
export type SettledFlow<P extends string = string> = CompletedFlow<P> | UnsuccessfulFlow<P>;

/** One attempt to connect a provider. Deeply frozen; replaced by a new object when something in it changes. */
export type Flow<P extends string = string> = PendingFlow<P> | SettledFlow<P>;

/** How a change got here. `local`: done in this window, or by its clock. */
export type Via = "post_message" | "broadcast_channel" | "storage" | "poll" | "push" | "local";

interface EventBase {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly via: Via;
}

/**
 * What a subscriber is told: each type at most once per flow and instance, also across reloads. (`opened`, `blocked`
 * and `window_closed` come once per window, `changed` as often as needed.) Types may be added: have a default.
 */
export type OAuthSyncEvent<P extends string = string> = EventBase &
  (
    | {
        readonly type: "started" | "opened" | "blocked" | "window_closed" | "confirming" | "slow" | "overdue";
        readonly flow: PendingFlow<P>;
      }
    | { readonly type: "completed"; readonly flow: CompletedFlow<P> }
    | { readonly type: "failed" | "cancelled" | "expired"; readonly flow: UnsuccessfulFlow<P> }
    /** The server agrees with a provisional verdict. Redraw; it was announced before. */
    | { readonly type: "confirmed"; readonly flow: UnsuccessfulFlow<P> }
    /** A link, a hint or a payload is new. Redraw. */
    | { readonly type: "changed"; readonly flow: Flow<P> }
    /** Dismissed, swept or reset: it is no longer among `flows()`. */
    | { readonly type: "removed"; readonly flow: Flow<P> }
  );

/**
 * What the app may do for a person at a provider. Metadata alone: tokens stay on the server. Deeply frozen; replaced by a
 * new object when something in it changes.
 */
export interface Connection<P extends string = string> {
  /** The connection's id in the app, as `integrationId` of the flow that made it. */
  readonly id: string;
  readonly provider: P;
  readonly tools: readonly string[];
  /**
   * `expired`: its token's time is over, also by this browser's clock. `refresh_failed`: the last refresh came to nothing, and
   * another may not. `reauth_required`: the person has to connect again. `disconnected`: it is gone, and not in the list.
   */
  readonly state: "active" | "expired" | "refresh_failed" | "reauth_required" | "disconnected";
  readonly scopes: readonly string[];
  /** It can be refreshed without the person. */
  readonly refreshable: boolean;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly connectedAt: number;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly refreshedAt?: number;
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly expiresAt?: number;
  /** Why it does not work. */
  readonly error?: FlowError;
}

/**
 * A change of a connection, told once to each instance that listens with `{ connections: true }`. What is there when the
 * page loads comes as `changed`, and what is new from then on as `added`. Changes may be added: have a default.
 */
export type ConnectionEvent<P extends string = string> = EventBase & {
  readonly type: "connection";
  readonly change: "added" | "refreshed" | "expired" | "refresh_failed" | "reauth_required" | "disconnected" | "changed";
  readonly connection: Connection<P>;
};

/** Begins to listen. Returns what stops it. */
export interface Subscribe<P extends string = string> {
  (listener: (event: OAuthSyncEvent<P>) => void, options?: { readonly connections?: false }): () => void;
  (listener: (event: OAuthSyncEvent<P> | ConnectionEvent<P>) => void, options: { readonly connections: true }): () => void;
}

/** What `fetch` takes beside the request. */
export interface FetchInit extends RequestInit {
  /** The connection to refresh on a 401. Default: the only one there is. */
  readonly integrationId?: string;
}

/** What a `startUrl` function is given. */
export interface StartRequest<P extends string = string> {
  readonly flowId: string;
  readonly provider: P;
  /** Aborted once the flow is over. */
  readonly signal: AbortSignal;
}

/**
 * The address that a flow begins at. In a string, the page of the app's own server, `{provider}` is replaced and
 * `flow=<id>` added; the result of a function is taken as it is.
 */
export type StartUrl<P extends string = string> =
  string | ((request: StartRequest<P>) => string | URL | Promise<string | URL>);

/** What `checkStatus` is given. */
export interface StatusRequest<P extends string = string> extends StartRequest<P> {
  /** When the flow started; milliseconds by this browser's clock. */
  readonly since: number;
  /** The time now, by the same clock. */
  readonly now: number;
}

/** What the server says of a flow. `unknown` is what 404 is to `statusUrl`; the short form without `status` will do. */
export type StatusReply =
  | {
      status: "pending" | "completed" | "failed" | "cancelled" | "expired" | "unknown";
      integrationId?: string | number | null;
      integrations?: readonly { tool: string; id: string | number }[];
      error?: { code: ErrorCode } | null;
      retryAfterMs?: number | null;
      /** The flow that was continued instead of this one. */
      supersededBy?: string | null;
    }
  | {
      status?: undefined;
      completed: boolean;
      success: boolean;
      integrationId?: string | number | null;
      integrations?: readonly { tool: string; id: string | number }[];
      error?: { code: ErrorCode } | null;
      retryAfterMs?: number | null;
      /** The flow that was continued instead of this one. */
      supersededBy?: string | null;
    };

/** Where the server's word comes from, if there is one. */
export type StatusSource<P extends string = string> =
  | {
      /** Asked by GET. */
      statusUrl?: string | URL;
      checkStatus?: never;
    }
  | {
      /** A throw means: ask again on schedule. It settles nothing. */
      checkStatus: (request: StatusRequest<P>) => Promise<StatusReply>;
      statusUrl?: never;
    };

/** What `new OAuthSync` takes; durations in milliseconds. */
export type Options<P extends string = string> = StatusSource<P> & {
  /** Where flows begin. `retry` needs it after a reload. */
  startUrl?: StartUrl<P>;
  /** Server push (SSE). While it delivers, polling rests; where it does not, everything is polled. For a push of your own call `report`. */
  eventsUrl?: string | URL;
  /** Connections: GET lists them, POST to `/<id>/refresh` below it refreshes one. */
  connectionsUrl?: string | URL;
  /** Used for `statusUrl`, `connectionsUrl` and by `sync.fetch`, where bearer tokens or CSRF headers are needed. Default: the global one, same-origin credentials. */
  fetch?: typeof fetch;
  /** Name of the channel and the storage key; callback pages must use the same. At most 64 bytes, without `:`, `~` and control characters. Default `oauth-status`. */
  namespace?: string;
  /** Any string that differs between people, so that one who signs in later sees nothing of the one before. */
  scope?: string;
  /** POSTed when a flow is cancelled, with `{flow}` filled in. Without it the server is not told. */
  cancelUrl?: string;
  /** The polling schedule, at most 16 tiers. Default: ten polls every 2 s, ten every 5 s, ten every 10 s. */
  tiers?: readonly { every: number; polls: number }[];
  /** Default 120000. */
  slowAfter?: number;
  /** Default 300000. */
  overdueAfter?: number;
  /** Default 3750000: the hour that a server allows, its grace, and a little more. */
  expireAfter?: number;
  /** How long a settled flow stays among `flows()`. Default 600000. */
  keepSettled?: number;
  /** Whether a success waits for the server's word. Default: wherever the server can be asked. */
  confirm?: boolean;
  /** The exact origins that callback pages are served from, at most 64. Default: this page's. */
  callbackOrigins?: readonly string[];
  /** The module, or where it is. Default: the file beside this one. Only the first instance of a page is asked. */
  wasm?: string | URL | BufferSource | WebAssembly.Module;
  /** Called with codes, never with payloads. */
  log?: (entry: {
    readonly level: "debug" | "info" | "warn" | "error";
    readonly code: string;
    readonly flowId?: string;
    readonly at: number;
  }) => void;
};

/** What `start` takes. */
export interface StartOptions<P extends string = string> {
  /** Used instead of the `startUrl` of the instance. */
  url?: StartUrl<P>;
  /** A window may be one that was opened in the same click. Default `popup`. */
  target?: "popup" | "tab" | "redirect" | Window;
  /** For a popup, which is centred. Default 600. */
  width?: number;
  /** For a popup. Default 720. */
  height?: number;
  /** Where the callback page of a redirect goes back to, on this origin. Default: this page. */
  returnTo?: string | URL;
  /** Up to 2 KiB of JSON. Not for secrets. */
  appState?: Json;
  /** Default: random. */
  flowId?: string;
}

/** What a callback page says. */
export type Notice = { provider: string; flowId?: string } & (
  | { success: true; integrationId?: string; integrations?: readonly Integration[] }
  | { success: false; error?: { code: ErrorCode } }
);

/** Where a notice goes. */
export interface NotifyOptions {
  /** The origin of the app, if the callback page is on another one. */
  origin?: string;
  /** That of the app. Default `oauth-status`. */
  namespace?: string;
}

/** What became of a notice. */
export interface NotifyResult {
  /** A window of the app has taken it. */
  readonly acknowledged: boolean;
  readonly channels: Readonly<Record<"post_message" | "broadcast_channel" | "storage", "sent" | "missing" | "failed">>;
}

/** How this page is doing. */
export interface Diagnostics {
  readonly version: string;
  readonly ready: boolean;
  /** Which window asks the server. */
  readonly poller: "this" | "other" | "none";
  readonly facilities: Readonly<Record<string, "ok" | "missing" | "refused">>;
  /** What was ignored, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** How often a subscriber threw. */
  readonly listenerErrors: number;
}
