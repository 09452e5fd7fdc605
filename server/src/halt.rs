//! Named points between the steps of an exchange, a refresh and a revocation, where a test can hold the real process and
//! kill it.
//!
//! What a crash leaves behind depends on the step that it comes after, and no outside observer can hit the gap between two
//! of them reliably. So a debug build stops at the point that `OAUTH_SYNC_HALT_AT` names, and says so in its log; the test
//! then sends SIGKILL. A release build has neither the variable nor the points: [`at`] is empty there.

/// Holds the task here for ever, if this is the point to hold at.
#[cfg(debug_assertions)]
pub(crate) async fn at(point: &'static str) {
    if std::env::var("OAUTH_SYNC_HALT_AT").is_ok_and(|name| name == point) {
        tracing::warn!(operation = "halt", point, "halted for a test");
        std::future::pending::<()>().await;
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) async fn at(_: &'static str) {}
