/**
 * Every state that `<oauth-connect>` shows, as what brings it about: a flow, a connection, or what is around them. `flow: null` is no flow.
 * `page.mjs` adds what all flows have.
 */
const pending = (stage, window, more) => ({ flow: { status: "pending", stage, window, ...more } });
const over = (status, code) => ({ flow: { status, settledAt: 0, provisional: false, error: errorOf(code) } });
const of = (state, more, rest) => ({ flow: null, connection: { state, ...more }, ...rest });
const errorOf = (code) => ({ code, message: "", retryable: true });

export const states = Object.freeze({
  idle: { flow: null },
  opening: pending("opening", "open"),
  "opening-elsewhere": pending("opening", "unknown", { startedHere: false }),
  waiting: pending("waiting", "open"),
  "waiting-elsewhere": pending("waiting", "unknown", { startedHere: false }),
  confirming: pending("confirming", "open"),
  slow: pending("slow", "open"),
  "slow-elsewhere": pending("slow", "unknown"),
  closed: pending("waiting", "closed"),
  "blocked-no-link-yet": pending("opening", "blocked"),
  blocked: pending("opening", "blocked", { href: "/oauth/start/github?flow=flow-0001" }),
  doubtful: pending("waiting", "closed", { error: errorOf("access_denied") }),
  overdue: pending("overdue", "open"),
  offline: { ...pending("waiting", "open"), isOffline: true },
  "offline-idle": { flow: null, isOffline: true },
  connected: { flow: { status: "completed", settledAt: 0, integrationId: "int_1" } },
  "connected-before": { flow: null, isConnected: true },
  "connected-for-good": of("active", { expiresIn: 3_600_000 }),
  "connected-until": of("active", { refreshable: false, expiresIn: 3_599_000 }),
  "connection-expired": of("expired", { expiresIn: -1 }),
  "connection-expired-offline": of("expired", { expiresIn: -1 }, { isOffline: true }),
  "connection-over": of("expired", { refreshable: false, expiresIn: -1 }),
  "refresh-failed": of("refresh_failed", { error: errorOf("temporarily_unavailable") }),
  "reconnect-rejected": of("reauth_required", { error: errorOf("grant_rejected") }),
  "reconnect-lost": of("reauth_required", { error: errorOf("rotation_lost") }),
  "reconnect-no-token": of("reauth_required", { error: errorOf("no_refresh_token") }),
  "reconnect-other": of("reauth_required", { error: errorOf("something_new") }),
  disconnected: of("disconnected"),
  denied: over("cancelled", "access_denied"),
  cancelled: over("cancelled", "cancelled_by_user"),
  expired: over("expired", "expired"),
  failed: over("failed", "server_error"),
  "failed-admin": over("failed", "admin_consent_required"),
  "failed-interrupted": over("failed", "interrupted"),
  "failed-start": over("failed", "start_failed"),
  "failed-unavailable": over("failed", "temporarily_unavailable"),
  "failed-unknown": over("failed", "unknown_flow"),
  "failed-sign-in": over("failed", "login_required"),
  "failed-misconfigured": over("failed", "invalid_scope"),
  "failed-other": over("failed", "something_new"),
  "unavailable-blocked": { flow: null, trouble: "wasm_blocked" },
  "unavailable-unreachable": { flow: null, trouble: "wasm_unreachable" },
});
