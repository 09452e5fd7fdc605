//! `Router::new().merge(callback_page(finish))`
//!
//! `finish(provider, query)` is yours: it knows the provider, checks `state`, exchanges the code, stores the tokens, and
//! says what became of it. Serve `callback.global.js` of the package beside it.

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use std::collections::HashMap;

type Parameters = Query<HashMap<String, String>>;

/// How a flow ended.
pub struct Outcome {
    /// What `flow=` was when the flow started.
    pub flow_id: String,
    /// The connection's id in the app, or a code such as `access_denied`.
    pub result: Result<String, String>,
}

/// A router with the page that providers send people back to.
pub fn callback_page<F, Answer>(finish: F) -> Router
where
    F: Fn(String, HashMap<String, String>) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Outcome> + Send,
{
    let callback = async move |Path(provider): Path<String>, Query(query): Parameters| {
        page(&provider, &finish(provider.clone(), query).await)
    };
    Router::new().route("/oauth/callback/{provider}", get(callback))
}

fn page(provider: &str, outcome: &Outcome) -> impl IntoResponse + use<> {
    let (success, integration_id, error) = match &outcome.result {
        Ok(id) => (true, id.as_str(), ""),
        Err(code) => (false, "", code.as_str()),
    };
    let html = format!(
        "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Back to the app</title>
<p>You may close this window and go back to the app.</p>
<script src=\"/callback.global.js\" data-provider=\"{}\" data-success=\"{success}\" data-flow-id=\"{}\"
  data-integration-id=\"{}\" data-error=\"{}\"></script>
",
        escape(provider),
        escape(&outcome.flow_id),
        escape(integration_id),
        escape(error),
    );
    let policy = "default-src 'none'; script-src 'self'; base-uri 'none'";
    let headers = [
        (CACHE_CONTROL.as_str(), "no-store"),
        (CONTENT_SECURITY_POLICY.as_str(), policy),
        // Any other value cuts this window off from the page that waits.
        ("cross-origin-opener-policy", "unsafe-none"),
        (REFERRER_POLICY.as_str(), "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff"),
    ];
    (headers, Html(html))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
