//! How a flow stands, for the module. Reads change nothing.

use super::identity::Asking;
use super::openapi::{Problem, Reply};
use super::parameters::Parameters;
use super::respond;
use crate::app::App;
use crate::flow::FlowError;
use crate::push::Start;
use crate::store::Flow;
use axum::extract::{Extension, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use oauth_sync::proto::flow::FlowId;
use std::sync::Arc;
use std::time::Duration;

/// The longest a long poll waits: below the half minute after which proxies give up.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// `GET /oauth/status?flow=&provider=&since=&now=`, and `&after=<version>&wait=<seconds>` to be told of a change.
#[utoipa::path(
    get,
    path = "/oauth/status",
    tag = "flows",
    params(
        ("flow" = Option<String>, Query, description = "The flow's id"),
        ("provider" = Option<String>, Query, description = "With `flow`: what its provider must be. Without: whose newest flow is meant"),
        ("since" = Option<u64>, Query, description = "Without `flow`: not before this time, in milliseconds by the asker's clock"),
        ("now" = Option<u64>, Query, description = "Without `flow`: the time now by the same clock"),
        ("after" = Option<u64>, Query, description = "Wait until the flow's version, its `ETag`, is another"),
        ("wait" = Option<u64>, Query, description = "How long to wait, in seconds, at most 25"),
    ),
    responses(
        (status = 200, description = "How it stands", body = Reply, headers(("ETag" = String, description = "The flow's version"))),
        (status = 400, description = "`since`, `now`, `after` or `wait` is no number", body = Problem),
        (status = 404, description = "There is none, it is another person's, or nobody is signed in: all look the same", body = Reply),
        (status = 429, description = "Too many requests", body = Problem, headers(("Retry-After" = u32))),
        (status = 503, description = "The database does not answer. Never a verdict", body = Problem, headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn status(
    State(app): State<Arc<App>>,
    Extension(Asking(person)): Extension<Asking>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default());
    let (Some(person), Some(parameters)) = (person, parameters) else {
        return respond::unknown();
    };
    if ["since", "now", "after", "wait"]
        .into_iter()
        .any(|name| parameters.number(name).is_err())
    {
        return respond::error(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let found = match wanted(&parameters) {
        Some(wanted) => wanted.find_changed(&app, &person.user, &parameters).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(flow)) => {
            let response = respond::reply(StatusCode::OK, &app.flows.reply(&flow));
            respond::versioned(response, flow.version)
        }
        Ok(None) => respond::unknown(),
        Err(error) => respond::unavailable("status", &error),
    }
}

/// Which flow is asked for.
enum Wanted<'a> {
    Flow {
        id: FlowId,
        provider: Option<&'a str>,
    },
    /// Without an id: the newest of a provider. The clocks of two machines are compared with themselves alone.
    Latest {
        provider: &'a str,
        elapsed: Duration,
    },
}

fn wanted<'a>(parameters: &'a Parameters) -> Option<Wanted<'a>> {
    let provider = parameters.value("provider");
    if let Some(id) = parameters.value("flow") {
        return Some(Wanted::Flow {
            id: FlowId::parse(id.to_owned())?,
            provider,
        });
    }
    let number = |name| parameters.number(name).ok().flatten();
    let elapsed = number("now")?.checked_sub(number("since")?)?;
    Some(Wanted::Latest {
        provider: provider?,
        elapsed: Duration::from_millis(elapsed),
    })
}

impl Wanted<'_> {
    async fn find(&self, app: &App, user: &str) -> Result<Option<Flow>, FlowError> {
        match self {
            Self::Flow { id, provider } => {
                let flow = app.flows.flow(user, id).await?;
                Ok(flow.filter(|flow| provider.is_none_or(|provider| flow.provider == provider)))
            }
            Self::Latest { provider, elapsed } => app.flows.latest(user, provider, *elapsed).await,
        }
    }

    /// At once, or, for a long poll, when its version is another than the one that is known.
    async fn find_changed(
        &self,
        app: &App,
        user: &str,
        parameters: &Parameters,
    ) -> Result<Option<Flow>, FlowError> {
        let number = |name| parameters.number(name).ok().flatten();
        let (after, wait) = (number("after"), number("wait"));
        let (Some(after), Some(wait)) = (after, wait) else {
            return self.find(app, user).await;
        };
        let wait = tokio::time::sleep(Duration::from_secs(wait).min(LONGEST_WAIT));
        tokio::pin!(wait);
        // Listens before it looks, so that no change falls between.
        let mut listener = app.hub.listen(user, Start::Now).await?;
        loop {
            let found = self.find(app, user).await?;
            if found
                .as_ref()
                .is_none_or(|flow| u64::try_from(flow.version) != Ok(after))
            {
                return Ok(found);
            }
            tokio::select! {
                told = listener.next() => {
                    if told.is_none() {
                        listener = app.hub.listen(user, Start::Now).await?;
                    }
                }
                () = &mut wait => return Ok(found),
                () = app.stopping.cancelled() => return Ok(found),
            }
        }
    }
}
