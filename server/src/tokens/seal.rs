//! How tokens and verifiers are encrypted, for which place, and how they are opened again.

use super::{TokenError, TokenService, Tokens};
use crate::envelope::{KeyRing, OpenError, Place, Sealed};
use crate::random::{RandomUnavailable, base64url, random_text, sha256};
use crate::store::{PendingRevocation, StoredConnection, TokenKind};
use secrecy::{ExposeSecret as _, SecretString};

impl Tokens {
    /// A short name of the access token, which says whether two are the same and nothing else.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        sha256(self.access.expose_secret().as_bytes())
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl TokenService {
    /// The tokens of a stored connection.
    ///
    /// # Errors
    ///
    /// When they do not open.
    pub fn open(&self, connection: &StoredConnection) -> Result<Tokens, TokenError> {
        let open = |column, envelope: &[u8]| {
            open_text(
                &self.keys,
                connection_place(&connection.id, column, &connection.user),
                envelope,
            )
        };
        Ok(Tokens {
            access: open("access_token", &connection.access_token)?,
            refresh: match &connection.refresh_token {
                Some(envelope) => Some(open("refresh_token", envelope)?),
                None => None,
            },
        })
    }

    /// Tokens of `user`, encrypted for the queue: the refresh token first.
    pub(super) fn queued(
        &self,
        user: &str,
        provider: &str,
        access: &SecretString,
        refresh: Option<&SecretString>,
    ) -> Result<Vec<PendingRevocation>, RandomUnavailable> {
        let refresh = refresh.map(|token| (TokenKind::Refresh, token));
        refresh
            .into_iter()
            .chain([(TokenKind::Access, access)])
            .map(|(kind, token)| {
                let id = format!("rev_{}", random_text::<16>()?);
                let place = revocation_place(&id, user);
                let token = self.keys.seal(place, token.expose_secret().as_bytes())?;
                Ok(PendingRevocation {
                    user: user.to_owned(),
                    provider: provider.to_owned(),
                    id,
                    kind,
                    token,
                })
            })
            .collect()
    }
}

/// Both tokens of a connection, encrypted with one key: the row names one.
pub(super) fn sealed_connection(
    keys: &KeyRing,
    id: &str,
    user: &str,
    access: &SecretString,
    refresh: Option<&SecretString>,
) -> Result<(Sealed, Option<Sealed>), RandomUnavailable> {
    let seal = |column, token: &SecretString| {
        let place = connection_place(id, column, user);
        keys.seal(place, token.expose_secret().as_bytes())
    };
    let refresh = match refresh {
        Some(token) => Some(seal("refresh_token", token)?),
        None => None,
    };
    Ok((seal("access_token", access)?, refresh))
}

/// Decrypts a token.
pub(super) fn open_text(
    keys: &KeyRing,
    place: Place<'_>,
    envelope: &[u8],
) -> Result<SecretString, OpenError> {
    let plain = keys.open(place, envelope)?;
    let text = std::str::from_utf8(&plain).map_err(|_| OpenError::Damaged)?;
    Ok(SecretString::from(text))
}

/// Encrypts a PKCE verifier for its attempt.
pub(crate) fn seal_verifier(
    keys: &KeyRing,
    state_hash: &[u8; 32],
    user: &str,
    verifier: &str,
) -> Result<Sealed, RandomUnavailable> {
    let row = base64url(state_hash);
    keys.seal(verifier_place(&row, user), verifier.as_bytes())
}

pub(super) const fn connection_place<'a>(
    row: &'a str,
    column: &'a str,
    user: &'a str,
) -> Place<'a> {
    Place {
        table: "connections",
        row,
        column,
        user,
    }
}

pub(super) const fn revocation_place<'a>(row: &'a str, user: &'a str) -> Place<'a> {
    Place {
        table: "revocations",
        row,
        column: "token",
        user,
    }
}

pub(super) const fn verifier_place<'a>(row: &'a str, user: &'a str) -> Place<'a> {
    Place {
        table: "attempts",
        row,
        column: "verifier",
        user,
    }
}
