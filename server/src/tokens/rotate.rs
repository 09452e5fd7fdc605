//! The same tokens under another key.

use super::seal::{connection_place, revocation_place, verifier_place};
use super::{TokenError, TokenService};
use crate::envelope::{Place, Sealed};
use crate::store::{SealedRow, SealedTable};
use tracing::{error, info};

/// What a rotation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// The key that everything needs now.
    pub key: String,
    /// Connections that were encrypted again.
    pub connections: u64,
    /// Tokens that wait to be revoked, and were encrypted again.
    pub revocations: u64,
    /// Verifiers that were encrypted again.
    pub verifiers: u64,
    /// Rows that do not open, and were left as they are.
    pub damaged: u64,
}

impl TokenService {
    /// Encrypts with the first key whatever is encrypted with another one. Safe beside running servers, also in the
    /// middle of a refresh: a generation stays what it is.
    ///
    /// # Errors
    ///
    /// When the database does not answer. What was done is done; run it again.
    pub async fn rotate_keys(&self) -> Result<Rotated, TokenError> {
        let mut rotated = Rotated {
            key: self.keys.active_id().to_owned(),
            ..Rotated::default()
        };
        loop {
            let mut progress = false;
            rotated.damaged = 0;
            for row in self.store.sealed_otherwise(self.keys.active_id()).await? {
                let (first, second) = match self.sealed_again(&row) {
                    Ok(sealed) => sealed,
                    Err(TokenError::Open(error)) => {
                        error!(operation = "rotate", row = row.row, %error, "left as it is");
                        rotated.damaged += 1;
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                // Where it has changed meanwhile, the next round looks at it again.
                progress = true;
                if self.store.reseal(&row, &first, second.as_ref()).await? {
                    *match row.table {
                        SealedTable::Connections => &mut rotated.connections,
                        SealedTable::Revocations => &mut rotated.revocations,
                        SealedTable::Attempts => &mut rotated.verifiers,
                    } += 1;
                }
            }
            if !progress {
                info!(
                    operation = "rotate",
                    key = rotated.key,
                    "everything is encrypted with this key"
                );
                return Ok(rotated);
            }
        }
    }

    fn sealed_again(&self, row: &SealedRow) -> Result<(Sealed, Option<Sealed>), TokenError> {
        let again = |place: Place<'_>, envelope: &[u8]| -> Result<Sealed, TokenError> {
            let plain = self.keys.open(place, envelope)?;
            Ok(self.keys.seal(place, &plain)?)
        };
        let (id, user) = (row.row.as_str(), row.user.as_str());
        match row.table {
            SealedTable::Connections => {
                let place = |column| connection_place(id, column, user);
                let second = match &row.second {
                    Some(envelope) => Some(again(place("refresh_token"), envelope)?),
                    None => None,
                };
                Ok((again(place("access_token"), &row.first)?, second))
            }
            SealedTable::Revocations => Ok((again(revocation_place(id, user), &row.first)?, None)),
            SealedTable::Attempts => Ok((again(verifier_place(id, user), &row.first)?, None)),
        }
    }
}
