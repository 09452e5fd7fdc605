//! Who has to look: notifications, and a slow look behind them, for notifications get lost.

use super::super::{Answer, Risen, StoreError, Watch};
use super::session::prepare;
use super::{PATIENCE, PostgresStore, bounded};
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};
use sqlx::{PgPool, Row as _};
use std::time::Duration;

/// The channel of the schema's `next_version`.
const CHANNEL: &str = "oauth_sync";

/// How often a quiet connection is asked who changed. It also shows that the connection is still one.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A minute back by the database's clock: more than the wait between two looks and the longest transaction, whose changes
/// have the time at which they were made and not that of the commit.
const LATELY: &str =
    "SELECT user_id FROM people WHERE changed_at > clock_timestamp() - INTERVAL '60 seconds'";

/// A connection of its own, which listens. A notification carries a person's number alone.
pub(super) struct Notifications {
    store: PostgresStore,
    listener: Option<PgListener>,
}

impl Notifications {
    pub(super) fn of(store: &PostgresStore) -> Self {
        Self {
            store: store.clone(),
            listener: None,
        }
    }

    async fn connect(&self) -> Result<PgListener, StoreError> {
        // A pool for each connection: one that went away without a word would keep its place in a common one.
        let pool: PgPool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .max_lifetime(None)
            .idle_timeout(None)
            .after_connect(|connection, _| Box::pin(prepare(connection)))
            .connect_lazy_with(self.store.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        // What came while nobody listened is gone: this has to be known here.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }

    async fn risen(&mut self) -> Result<Risen, StoreError> {
        // Taken out meanwhile, so that after an error it begins anew.
        let Some(mut listener) = self.listener.take() else {
            self.listener = Some(bounded(self.connect()).await?);
            return Ok(Risen::Anyone);
        };
        loop {
            let people = match tokio::time::timeout(LOOK_EVERY, listener.try_recv()).await {
                Ok(Ok(Some(first))) => bounded(people_of(&mut listener, &first)).await?,
                Ok(Ok(None)) => {
                    self.listener = Some(bounded(self.connect()).await?);
                    return Ok(Risen::Anyone);
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => bounded(people_lately(&mut listener)).await?,
            };
            if !people.is_empty() {
                self.listener = Some(listener);
                return Ok(Risen::Of(people));
            }
        }
    }
}

impl Watch for Notifications {
    fn next(&mut self) -> Answer<'_, Risen> {
        Box::pin(async move {
            let mut closed = self.store.pool.close_event();
            closed.do_until(self.risen()).await?
        })
    }
}

/// The people whose numbers were told. The question goes over the connection that listens: what comes meanwhile waits in its
/// buffer and is asked for together.
async fn people_of(
    listener: &mut PgListener,
    first: &PgNotification,
) -> Result<Vec<String>, StoreError> {
    let mut numbers: Vec<i64> = first.payload().parse().into_iter().collect();
    while let Some(next) = listener.next_buffered() {
        numbers.extend(next.payload().parse::<i64>());
    }
    let rows = sqlx::query("SELECT user_id FROM people WHERE number = ANY($1)")
        .bind(numbers)
        .fetch_all(listener)
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn people_lately(listener: &mut PgListener) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(LATELY).fetch_all(listener).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
