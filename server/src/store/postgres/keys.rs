//! Which rows need which key, and the same values under another.

use super::super::row::read_sealed;
use super::super::{SealedRow, SealedTable, StoreError};
use crate::envelope::Sealed;
use sqlx::postgres::PgConnection;

pub(super) async fn sealed_otherwise(
    connection: &mut PgConnection,
    active: &str,
) -> Result<Vec<SealedRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT 'connections' AS place, convert_to(id, 'UTF8') AS row, user_id, key_id, access_token AS first, \
           refresh_token AS second FROM connections WHERE disconnected_at IS NULL AND key_id <> $1 \
         UNION ALL SELECT 'revocations', convert_to(id, 'UTF8'), user_id, key_id, token, NULL::BYTEA FROM revocations \
           WHERE key_id <> $1 \
         UNION ALL SELECT 'attempts', attempts.state_hash, flows.user_id, attempts.key_id, attempts.verifier, NULL::BYTEA \
           FROM attempts JOIN flows ON flows.id = attempts.flow_id WHERE attempts.key_id <> $1",
    )
    .bind(active)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read_sealed).collect()
}

/// The values are compared, not the generation: whoever changed them meanwhile has already used the newer key.
pub(super) async fn reseal(
    connection: &mut PgConnection,
    old: &SealedRow,
    first: &Sealed,
    second: Option<&Sealed>,
) -> Result<bool, StoreError> {
    let query = match old.table {
        SealedTable::Connections => sqlx::query(
            "UPDATE connections SET key_id = $2, access_token = $3, refresh_token = $4 \
             WHERE access_token = $1 AND id = $5 AND refresh_token IS NOT DISTINCT FROM $6 AND disconnected_at IS NULL",
        )
        .bind(&old.first)
        .bind(&first.key_id)
        .bind(&first.bytes)
        .bind(second.map(|sealed| &sealed.bytes))
        .bind(&old.row)
        .bind(&old.second),
        SealedTable::Revocations => {
            sqlx::query("UPDATE revocations SET key_id = $2, token = $3 WHERE token = $1")
                .bind(&old.first)
                .bind(&first.key_id)
                .bind(&first.bytes)
        }
        SealedTable::Attempts => {
            sqlx::query("UPDATE attempts SET key_id = $2, verifier = $3 WHERE verifier = $1")
                .bind(&old.first)
                .bind(&first.key_id)
                .bind(&first.bytes)
        }
    };
    Ok(query.execute(connection).await?.rows_affected() == 1)
}
