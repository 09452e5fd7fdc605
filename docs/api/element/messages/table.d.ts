/** What `<oauth-connect>` says. `{name}` is the provider's name, `{code}` an error's code, `{time}` a duration. */
/** A line that says what is, and one that says what to do. */
export interface Words {
    readonly title: string;
    readonly detail: string;
}
export interface Messages {
    /** Also the language of numbers. */
    readonly lang: string;
    readonly dir: "ltr" | "rtl";
    readonly states: {
        readonly idle: Words;
        readonly opening: Words;
        readonly waiting: Words;
        /** Waiting for a window that this page did not open, or lost in a reload. */
        readonly elsewhere: Words;
        readonly confirming: Words;
        readonly slow: Words;
        readonly slowElsewhere: Words;
        readonly closed: Words;
        readonly blocked: Words;
        /** Blocked, and there is no address to go on with yet. */
        readonly blockedYet: Words;
        readonly overdue: Words;
        /** Offline while a flow is pending. */
        readonly offline: Words;
        /** Offline with nothing under way. */
        readonly offlineIdle: Words;
        readonly connected: Words;
        /** Connected for a time that nothing can make longer. */
        readonly connectedUntil: Words;
        readonly refreshing: Words;
        /** The access has expired and can be renewed. */
        readonly accessExpired: Words;
        /** Offline with a connection that has to be renewed. */
        readonly offlineConnected: Words;
        readonly disconnected: Words;
        /** The page lacks what it needs to follow a flow. */
        readonly unavailable: Words;
        /** As `unavailable`, where only those who run the site can mend it. */
        readonly forbidden: Words;
    };
    readonly errors: Readonly<Record<ErrorKind, Words>>;
    readonly actions: Readonly<Record<ActionName, string>>;
    /** Of `<oauth-toast>`, for those who hear it: what it is. */
    readonly notices: string;
    readonly timeLeft: string;
    readonly lastMinute: string;
}
export type ErrorKind = "access_denied" | "admin_consent_required" | "cancelled_by_user" | "expired" | "interrupted" | "server_error" | "start_failed" | "temporarily_unavailable" | "unknown_flow"
/** The provider has ended the grant. */
 | "grant_rejected"
/** A new refresh token got lost on the way, and the old one is spent. */
 | "rotation_lost"
/** The access has expired, and the provider gave nothing to renew it with. */
 | "no_refresh_token"
/** The tokens were not renewed this time. */
 | "refresh_failed"
/** The person has to connect again, for a reason that is not known. */
 | "reconnect_required"
/** The provider wants the person to do something first. */
 | "sign_in"
/** The provider refuses the app's request; the person can do nothing about it. */
 | "misconfigured" | "other";
export type ActionName = "connect" | "connectAgain" | "show" | "openAgain" | "retry" | "continue" | "cancel" | "dismiss" | "refresh";
