//! For whoever watches the process: alive, and able to work.

use crate::app::App;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers too.
pub(super) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    match app.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(operation = "readyz", %error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer\n",
            )
        }
    }
}
