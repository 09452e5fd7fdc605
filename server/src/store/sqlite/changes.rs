//! [`ChangeStore`] over SQLite. The triggers of the file give the numbers; here they are read.

use super::super::changes::{Counter, in_order};
use super::super::{
    Answer, ChangeStore, Listing, Replay, Risen, StoreError, StoredConnection, Watch,
};
use super::{SqliteStore, rows};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};
use std::time::Duration;
use tokio::sync::watch;

/// How often a file is looked at that another process may have changed; this process's own commits need no look.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl ChangeStore for SqliteStore {
    fn version<'a>(&'a self, user: &'a str) -> Answer<'a, i64> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            Ok(counter(&mut connection, user).await?.version)
        })
    }

    fn changes<'a>(&'a self, user: &'a str, after: i64, most: u32) -> Answer<'a, Replay> {
        Box::pin(async move {
            // One transaction, so that the counter and the rows are of one moment.
            let mut transaction = self.readers.begin().await?;
            let counter = counter(&mut transaction, user).await?;
            let changes = if counter.knows(after) {
                let limit = i64::from(most) + 1;
                let flows = rows::flows_after(&mut transaction, user, after, limit).await?;
                let connections =
                    rows::connections_after(&mut transaction, user, after, limit).await?;
                in_order(flows, connections, most)
            } else {
                None
            };
            Ok(Replay {
                version: counter.version,
                changes,
            })
        })
    }

    fn listing<'a>(&'a self, user: &'a str) -> Answer<'a, Listing> {
        Box::pin(async move {
            let mut transaction = self.readers.begin().await?;
            Ok(Listing {
                version: counter(&mut transaction, user).await?.version,
                connections: rows::connections(&mut transaction, Some(user)).await?,
            })
        })
    }

    fn connection_of<'a>(
        &'a self,
        user: &'a str,
        id: &'a str,
    ) -> Answer<'a, Option<StoredConnection>> {
        Box::pin(async move {
            let mut connection = self.readers.acquire().await?;
            rows::connection_of(&mut connection, user, id).await
        })
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(FileWatch {
            options: self.options.clone().create_if_missing(false),
            committed: self.committed.subscribe(),
            seen: None,
        })
    }
}

async fn counter(connection: &mut SqliteConnection, user: &str) -> Result<Counter, StoreError> {
    let row = sqlx::query("SELECT version, forgotten FROM people WHERE user_id = ?1")
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

/// A connection of its own, outside the pool: `data_version` tells it of every commit but its own, and it makes none.
struct FileWatch {
    options: SqliteConnectOptions,
    committed: watch::Receiver<()>,
    seen: Option<Seen>,
}

struct Seen {
    connection: SqliteConnection,
    data_version: i64,
    stamp: i64,
}

impl Watch for FileWatch {
    fn next(&mut self) -> Answer<'_, Risen> {
        Box::pin(async move {
            // Taken out meanwhile, so that after an error it begins anew.
            let Some(mut seen) = self.seen.take() else {
                self.committed.mark_unchanged();
                let mut connection = self.options.connect().await?;
                self.seen = Some(Seen {
                    data_version: data_version(&mut connection).await?,
                    stamp: highest_stamp(&mut connection).await?,
                    connection,
                });
                return Ok(Risen::Anyone);
            };
            loop {
                if let Ok(Err(_)) = tokio::time::timeout(LOOK_EVERY, self.committed.changed()).await
                {
                    return Err(StoreError::Unavailable("the store is closed".to_owned()));
                }
                let data_version = data_version(&mut seen.connection).await?;
                if data_version == seen.data_version {
                    continue;
                }
                seen.data_version = data_version;
                let people = seen.risen().await?;
                if !people.is_empty() {
                    self.seen = Some(seen);
                    return Ok(Risen::Of(people));
                }
            }
        })
    }
}

impl Seen {
    async fn risen(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT user_id, stamp FROM people WHERE stamp > ?1 ORDER BY stamp")
            .bind(self.stamp)
            .fetch_all(&mut self.connection)
            .await?;
        let mut people = Vec::with_capacity(rows.len());
        for row in rows {
            people.push(row.try_get("user_id")?);
            self.stamp = row.try_get("stamp")?;
        }
        Ok(people)
    }
}

async fn data_version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("PRAGMA data_version")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

async fn highest_stamp(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT coalesce(max(stamp), 0) FROM people")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}
