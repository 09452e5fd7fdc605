import type { Connection, ErrorCode, Flow } from "../index.js";
import type { ActionName, ErrorKind, Messages, Words } from "./messages/table.js";
/** A state of `<oauth-connect>`; also a name of its base part, and a custom state. */
export type ConnectState = "idle" | "opening" | "waiting" | "confirming" | "slow" | "closed" | "blocked"
/** Something has gone wrong, and nothing is decided yet. */
 | "doubtful" | "overdue" | "offline" | "failed" | "denied" | "cancelled" | "expired" | "connected"
/** Its tokens are being renewed, as was asked here. */
 | "refreshing"
/** Its tokens have expired, and are renewed when they are needed. */
 | "connection-expired" | "refresh-failed"
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
/** Every set of controls that a view offers. */
export declare const ACTION_SETS: readonly (readonly ActionName[])[];
/** Whether the words of that name stand beside the time that is left. */
export declare function isTimed(name: string): boolean;
export declare function viewOf(circumstances: Circumstances, messages: Messages): View;
/** The words for a code, those of `fallback` for one that there are none for. */
export declare function errorView(code: ErrorCode, { errors }: Messages, fallback?: ErrorKind): Pick<View, "words" | "code">;
