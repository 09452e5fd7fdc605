import type { ErrorCode } from "./types.js";

/** What the world did wrong. What the caller did wrong is a `TypeError` that names the argument. */
export class OAuthSyncError extends Error {
  declare readonly code: "wasm_blocked" | "wasm_unreachable" | "wasm_mismatch" | "closed" | "removed" | "refresh_failed" | "reconnect_required";
  declare readonly cause?: unknown;
}

OAuthSyncError.prototype.name = "OAuthSyncError";

/** Those of connections are told by the file of its own that has them. */
const REASONS: Readonly<Partial<Record<OAuthSyncError["code"], string>>> = {
  wasm_blocked: "WebAssembly is not allowed here; the page's CSP needs 'wasm-unsafe-eval' in script-src",
  wasm_unreachable: "the WebAssembly module could not be loaded",
  wasm_mismatch: "the WebAssembly module is of another version than its JavaScript",
  closed: "this instance is closed",
  removed: "there is no such flow",
};

/** @internal */
export function failure(code: OAuthSyncError["code"], cause?: unknown, reason = REASONS[code]): OAuthSyncError {
  const error = new OAuthSyncError(`oauth-sync: ${reason}`, cause === undefined ? {} : { cause });
  return Object.assign(error, { code });
}

/** What a person may be shown; never the words of a callback page or a provider. */
const MESSAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  access_denied: "Access was not granted.",
  temporarily_unavailable: "The provider is not available right now.",
  server_error: "The provider could not complete the request.",
  admin_consent_required: "An administrator has to approve this connection.",
  cancelled_by_user: "The connection was cancelled.",
  start_failed: "The connection could not be started.",
  expired: "The connection was not completed in time.",
  unknown_flow: "The server does not know this connection attempt.",
  interrupted: "The connection was interrupted.",
};

/** @internal */
export function messageOf(code: ErrorCode): string {
  // A code is foreign text: `constructor` must not find what every object inherits.
  return (Object.hasOwn(MESSAGES, code) && MESSAGES[code]) || "The connection could not be made.";
}
