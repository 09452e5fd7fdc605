//! Why a database did not do what it was asked.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// Why the database did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is busy, locked, full, restarting or gone. The same call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It refused a step that is not in the state graph, or holds what no version of this program wrote.
    #[error("the database refused or holds something impossible: {0}")]
    Impossible(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if is_refusal(&**inner) => {
                Self::Impossible(inner.message().to_owned())
            }
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_) => Self::Impossible(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// Somebody else holds a lock.
pub(super) const SQLITE_BUSY: i32 = 5;

/// A check, a key or a trigger said no.
const SQLITE_CONSTRAINT: i32 = 19;

/// The class of SQLSTATE for the same; the triggers raise `check_violation`, which is of it.
const INTEGRITY_CONSTRAINT_VIOLATION: &str = "23";

/// Whether it is a check, a key or a trigger that said no. Everything else may pass: locks, a full disk, a restart, a
/// server that has become a standby.
fn is_refusal(error: &dyn DatabaseError) -> bool {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return error.code().starts_with(INTEGRITY_CONSTRAINT_VIOLATION);
    }
    sqlite_code(error) == Some(SQLITE_CONSTRAINT)
}

/// SQLite's result code without what its extended form adds.
pub(super) fn sqlite_code(error: &dyn DatabaseError) -> Option<i32> {
    let code = error.try_downcast_ref::<SqliteError>()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}
