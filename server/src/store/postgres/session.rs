//! What a connection of the pool is told first, when it is looked at again, and when it is closed.

use sqlx::pool::{PoolConnection, PoolConnectionMetadata};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _, Postgres};
use std::time::Duration;

/// Connections of one instance, and one more that listens. A transaction here takes a few milliseconds, so ten carry
/// thousands a second; nine instances fit into PostgreSQL's default of 100.
pub(super) const CONNECTIONS: u32 = 10;

/// A connection that was used within this is given out as it is: to ask it first would double the way of every call.
const FRESH: Duration = Duration::from_secs(1);

/// The settings that the store stands on, whatever the server's or the role's are.
///
/// - An instance that hangs or whose machine is gone must not hold a row: its statements, its open transactions and
///   its connection end. The statement's bound is that of the store's own wait.
/// - A commit that was answered survives a loss of power, also where the server is set to answer early.
const PREPARE: &str = "
    SET search_path = oauth_sync;
    SET default_transaction_isolation = 'read committed';
    SET statement_timeout = '5s';
    SET idle_in_transaction_session_timeout = '10s';
    SET tcp_keepalives_idle = 30;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 3;
    SET client_min_messages = warning;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
";

pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(PREPARE)).await?;
    Ok(())
}

/// Whether a connection still answers: the database may have been restarted since.
pub(super) async fn before_use(
    connection: &mut PgConnection,
    state: PoolConnectionMetadata,
) -> Result<bool, sqlx::Error> {
    if state.idle_for < FRESH {
        return Ok(true);
    }
    Ok(connection.ping().await.is_ok())
}

/// A connection for one call. It is closed where the call was dropped halfway, as by a client that hangs up, or took too
/// long: sqlx gives one that was left in `BEGIN` back to the pool with the transaction open, and the next call would find
/// itself in it.
pub(super) struct Session {
    connection: PoolConnection<Postgres>,
    has_ended: bool,
}

impl Session {
    pub fn of(connection: PoolConnection<Postgres>) -> Self {
        Self {
            connection,
            has_ended: false,
        }
    }

    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// The call has come to its end, well or not.
    pub fn end(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.has_ended {
            self.connection.close_on_drop();
        }
    }
}
