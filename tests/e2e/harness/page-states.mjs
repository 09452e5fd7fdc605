/** Every state that a card can show, as the flow that brings it about. `null` is no flow at all. */
export const pageStates = Object.freeze({
  none: null,
  opening: pending({ stage: "opening", window: "unknown" }),
  waiting: pending({ stage: "waiting", window: "open" }),
  "waiting-elsewhere": pending({ stage: "waiting", window: "unknown", startedHere: false }),
  confirming: pending({ stage: "confirming", window: "open" }),
  slow: pending({ stage: "slow", window: "open" }),
  "slow-elsewhere": pending({ stage: "slow", window: "unknown", startedHere: false }),
  overdue: pending({ stage: "overdue", window: "open" }),
  closed: pending({ stage: "waiting", window: "closed" }),
  "blocked-no-link-yet": pending({ stage: "opening", window: "blocked" }),
  blocked: pending({ stage: "opening", window: "blocked", href: "/oauth/start/github?flow=example0" }),
  unconfirmed: pending({ stage: "waiting", window: "closed", error: error("access_denied", "Access was not granted.") }),
  connected: { status: "completed", settledAt: 0, integrationId: "int_1" },
  denied: settled("cancelled", "access_denied", "Access was not granted."),
  cancelled: settled("cancelled", "cancelled_by_user", "The connection was cancelled."),
  failed: settled("failed", "server_error", "The provider had a problem. Try again in a few minutes."),
  admin: settled("failed", "admin_consent_required", "An administrator of your organisation has to approve this app first."),
  expired: settled("expired", "expired", "This took longer than an hour. Start again."),
});

function pending(flow) {
  return { status: "pending", ...flow };
}

function settled(status, code, message) {
  return { status, settledAt: 0, provisional: false, error: error(code, message) };
}

function error(code, message) {
  return { code, message, retryable: true };
}
