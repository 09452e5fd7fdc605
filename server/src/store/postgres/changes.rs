//! [`ChangeStore`] over PostgreSQL. The triggers of the schema give the numbers; here they are read.

use super::super::changes::{Counter, in_order};
use super::super::{Answer, ChangeStore, Listing, Replay, StoreError, StoredConnection, Watch};
use super::watch::Notifications;
use super::{PostgresStore, rows};
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

impl ChangeStore for PostgresStore {
    fn version<'a>(&'a self, user: &'a str) -> Answer<'a, i64> {
        Box::pin(self.read(async move |it| Ok(counter(it, user).await?.version)))
    }

    fn changes<'a>(&'a self, user: &'a str, after: i64, most: u32) -> Answer<'a, Replay> {
        Box::pin(self.snapshot(async move |it| {
            let counter = counter(it, user).await?;
            let changes = if counter.knows(after) {
                let limit = i64::from(most) + 1;
                let flows = rows::flows_after(it, user, after, limit).await?;
                let connections = rows::connections_after(it, user, after, limit).await?;
                in_order(flows, connections, most)
            } else {
                None
            };
            Ok(Replay {
                version: counter.version,
                changes,
            })
        }))
    }

    fn listing<'a>(&'a self, user: &'a str) -> Answer<'a, Listing> {
        Box::pin(self.snapshot(async move |it| {
            Ok(Listing {
                version: counter(it, user).await?.version,
                connections: rows::connections(it, Some(user)).await?,
            })
        }))
    }

    fn connection_of<'a>(
        &'a self,
        user: &'a str,
        id: &'a str,
    ) -> Answer<'a, Option<StoredConnection>> {
        Box::pin(self.read(async move |it| rows::connection_of(it, user, id).await))
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(Notifications::of(self))
    }
}

async fn counter(connection: &mut PgConnection, user: &str) -> Result<Counter, StoreError> {
    let row = sqlx::query("SELECT version, forgotten FROM people WHERE user_id = $1")
        .bind(user)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else {
        return Ok(Counter::default());
    };
    Ok(Counter {
        version: row.try_get("version")?,
        forgotten: row.try_get("forgotten")?,
    })
}
