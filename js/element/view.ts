/** What the element shows for a flow: its state, its words, and what can be pressed. Pure. */
import { httpUrl } from "../check.js";
import type { Connection, ErrorCode, Flow, PendingFlow } from "../types.js";
import type { ActionName, ErrorKind, Messages, Words } from "./messages/table.js";

/** A state of `<oauth-connect>`; also a name of its base part, and a custom state. */
export type ConnectState =
  | "idle"
  | "opening"
  | "waiting"
  | "confirming"
  | "slow"
  | "closed"
  | "blocked"
  /** Something has gone wrong, and nothing is decided yet. */
  | "doubtful"
  | "overdue"
  | "offline"
  | "failed"
  | "denied"
  | "cancelled"
  | "expired"
  | "connected"
  /** Its tokens are being renewed, as was asked here. */
  | "refreshing"
  /** Its tokens have expired, and are renewed when they are needed. */
  | "connection-expired"
  | "refresh-failed"
  /** The person has to connect again. */
  | "reconnect"
  /** Ended while this page looked on. */
  | "disconnected"
  /** The module does not run in this page. */
  | "unavailable";

export type Icon = "none" | "busy" | "good" | "heed";

export interface View {
  readonly state: ConnectState;
  readonly icon: Icon;
  readonly words: Words;
  /** For `{code}` in the words. */
  readonly code?: ErrorCode;
  readonly hasTimeLeft?: boolean;
  readonly primary?: ActionName;
  /** It keeps its place and does nothing: a pointer on its way there shall not meet another. */
  readonly isResting?: boolean;
  readonly secondary?: ActionName;
  readonly href?: string;
}

export interface Circumstances {
  readonly flow: Flow | undefined;
  /** The app says that there is a connection. */
  readonly isConnected: boolean;
  /** What the module knows of the connection. */
  readonly connection: Connection | undefined;
  readonly isDisconnected: boolean;
  /** What became of the renewal that was asked for here. */
  readonly refreshing: "now" | "failed" | undefined;
  readonly isOnline: boolean;
  /** The person has used the link that stands in for a blocked window. */
  readonly isFollowed: boolean;
  /** Why the module does not run: a code of `OAuthSyncError`. */
  readonly trouble: string | undefined;
}

/** Codes that say what one of the table's says, or something like it. */
const KINDS: Readonly<Record<string, ErrorKind>> = {
  login_required: "sign_in",
  consent_required: "sign_in",
  interaction_required: "sign_in",
  account_selection_required: "sign_in",
  invalid_request: "misconfigured",
  invalid_client: "misconfigured",
  invalid_grant: "misconfigured",
  invalid_scope: "misconfigured",
  invalid_target: "misconfigured",
  invalid_request_uri: "misconfigured",
  invalid_request_object: "misconfigured",
  unauthorized_client: "misconfigured",
  unsupported_grant_type: "misconfigured",
  unsupported_response_type: "misconfigured",
  invalid_token: "grant_rejected",
  request_not_supported: "misconfigured",
  request_uri_not_supported: "misconfigured",
  registration_not_supported: "misconfigured",
};

/** Every set of controls that a view offers. */
export const ACTION_SETS: readonly (readonly ActionName[])[] = [
  ["connect"],
  ["show", "cancel"],
  ["openAgain", "cancel"],
  ["continue", "cancel"],
  ["retry", "cancel"],
  ["retry", "dismiss"],
  ["refresh", "connectAgain"],
];

/** Whether the words of that name stand beside the time that is left. */
export function isTimed(name: string): boolean {
  return ["waiting", "elsewhere", "slow", "slowElsewhere", "connectedUntil"].includes(name);
}

export function viewOf(circumstances: Circumstances, messages: Messages): View {
  const { flow, connection, isConnected, isDisconnected, isOnline, isFollowed, trouble } = circumstances;
  const { states } = messages;
  const connected: View = { state: "connected", icon: "good", words: states.connected, secondary: "connectAgain" };
  if (trouble !== undefined) {
    const words = trouble === "wasm_blocked" ? states.forbidden : states.unavailable;
    return { state: "unavailable", icon: "heed", words, code: trouble };
  }
  if (flow?.status === "pending") return pendingView(flow, isOnline, isFollowed, messages);
  // Whoever breaks off an attempt to connect again has lost nothing.
  if (connection && (!flow || flow.status === "completed" || flow.status === "cancelled")) return connectionView(connection, circumstances, messages);
  if (flow?.status === "completed") return connected;
  if (isConnected && (!flow || flow.status === "cancelled")) return connected;
  if (!flow && isOnline && isDisconnected) return { state: "disconnected", icon: "none", words: states.disconnected, primary: "connect" };
  if (!flow) {
    return isOnline
      ? { state: "idle", icon: "none", words: states.idle, primary: "connect" }
      : { state: "offline", icon: "heed", words: states.offlineIdle, primary: "connect" };
  }
  const state = flow.error.code === "access_denied" ? "denied" : flow.status;
  return { state, icon: state === "cancelled" ? "none" : "heed", ...errorView(flow.error.code, messages), primary: "retry", secondary: "dismiss" };
}

function pendingView(flow: PendingFlow, isOnline: boolean, isFollowed: boolean, messages: Messages): View {
  const { states } = messages;
  const { stage } = flow;
  const isOpen = flow.window === "open";
  const secondary = "cancel";
  const resting = { primary: isOpen ? "show" : "openAgain", isResting: true, secondary } as const;
  if (!isOnline) return { state: "offline", icon: "heed", words: states.offline, ...resting };
  if (stage === "confirming") return { state: stage, icon: "busy", words: states.confirming, ...resting };
  if (flow.window === "blocked" && !isFollowed) {
    // What was stored may have been written by anyone who has this origin, and a link runs what a `javascript:` URL says.
    const href = httpUrl(flow.href)?.href;
    const words = href ? states.blocked : states.blockedYet;
    return { state: "blocked", icon: "heed", words, ...(href && { href, primary: "continue" }), secondary };
  }
  if (flow.error) return { state: "doubtful", icon: "heed", ...errorView(flow.error.code, messages), primary: "retry", secondary };
  if (flow.window === "closed") return { state: "closed", icon: "heed", words: states.closed, primary: "openAgain", secondary };
  if (stage === "overdue") return { state: stage, icon: "heed", words: states.overdue, primary: "retry", secondary };
  const isOpening = stage === "opening" && !isFollowed;
  // To show a window that is not open here would begin another flow.
  const primary = isOpen ? "show" : "openAgain";
  if (stage === "slow") return { state: stage, icon: "busy", words: isOpen ? states.slow : states.slowElsewhere, hasTimeLeft: true, primary, secondary };
  if (isOpening) return { state: "opening", icon: "busy", words: states.opening, primary, secondary };
  return { state: "waiting", icon: "busy", words: isOpen ? states.waiting : states.elsewhere, hasTimeLeft: true, primary, secondary };
}

function connectionView({ state, refreshable, expiresAt, error }: Connection, { isOnline, refreshing }: Circumstances, messages: Messages): View {
  const { states } = messages;
  const again = { primary: "connectAgain" } as const;
  if (state === "reauth_required" || (state === "expired" && !refreshable)) {
    return { state: "reconnect", icon: "heed", ...errorView(error?.code ?? "no_refresh_token", messages, "reconnect_required"), ...again };
  }
  if (state === "active") {
    const isEnding = !refreshable && expiresAt !== undefined;
    const words = isEnding ? states.connectedUntil : states.connected;
    return { state: "connected", icon: "good", words, hasTimeLeft: isEnding, secondary: "connectAgain" };
  }
  if (!isOnline) return { state: "offline", icon: "heed", words: states.offlineConnected, primary: "refresh", isResting: true, secondary: "connectAgain" };
  const refresh = { primary: "refresh", secondary: "connectAgain" } as const;
  if (refreshing === "now") return { state: "refreshing", icon: "busy", words: states.refreshing, ...refresh, isResting: true };
  if (state === "expired" && !refreshing) return { state: "connection-expired", icon: "heed", words: states.accessExpired, ...refresh };
  return { state: "refresh-failed", icon: "heed", ...errorView("refresh_failed", messages), ...refresh };
}

/** The words for a code, those of `fallback` for one that there are none for. */
export function errorView(code: ErrorCode, { errors }: Messages, fallback: ErrorKind = "other"): Pick<View, "words" | "code"> {
  // A code is foreign text: `constructor` must not find what every object inherits.
  const kind = Object.hasOwn(KINDS, code) ? KINDS[code] : code;
  const words = kind !== undefined && Object.hasOwn(errors, kind) ? errors[kind as ErrorKind] : errors[fallback];
  return { words, code };
}
