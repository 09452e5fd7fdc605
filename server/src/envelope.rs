//! Encryption of what is stored: AES-256-GCM, a key of its own for each row, and the row's place as associated data.
//!
//! ```text
//! envelope = version (1) | key id length (1) | key id | nonce (12) | ciphertext and tag
//! row key  = HKDF-SHA256(key, info = "oauth-sync row" | table | row id)
//! aad      = version | key id | table | row id | column | user
//! ```
//!
//! A ciphertext moved to another row, column or user does not open.

use crate::random::{RandomUnavailable, random_bytes};
use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 12;

/// A key that encrypts rows.
#[derive(Clone)]
pub struct Key {
    id: String,
    secret: Zeroizing<[u8; 32]>,
}

impl Key {
    /// The key `id`, 1 to 64 bytes long, as the database names it.
    ///
    /// # Errors
    ///
    /// When the id is empty, longer, or not of `[A-Za-z0-9_.-]`.
    pub fn new(id: &str, secret: [u8; 32]) -> Result<Self, InvalidKeyId> {
        let fits = (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if !fits {
            return Err(InvalidKeyId);
        }
        Ok(Self {
            id: id.to_owned(),
            secret: Zeroizing::new(secret),
        })
    }

    fn derive(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        // 32 bytes are one block of HKDF-SHA256, whose limit is 255: `expand` cannot refuse.
        let expanded =
            Hkdf::<Sha256>::new(None, self.secret.as_slice()).expand(info, derived.as_mut_slice());
        debug_assert!(expanded.is_ok());
        derived
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A key id that is none.
#[derive(Debug, thiserror::Error)]
#[error("a key id is 1 to 64 of A-Z a-z 0-9 _ . -")]
pub struct InvalidKeyId;

/// The keys that the database may need; the first one encrypts.
#[derive(Clone, Debug)]
pub struct KeyRing {
    active: Key,
    retired: Vec<Key>,
}

/// Where a value stands: part of what is authenticated, so that it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its table.
    pub table: &'a str,
    /// The id of its row.
    pub row: &'a str,
    /// Its column.
    pub column: &'a str,
    /// The person whose row it is.
    pub user: &'a str,
}

/// An encrypted value, and the id of the key that it needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key's id: a column of its own, so that a rotation finds the rows.
    pub key_id: String,
    /// The envelope.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// Why an envelope did not open. Always the operator's affair, never "not connected".
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    /// The key is not configured.
    #[error("the key {0} is not configured")]
    UnknownKey(String),
    /// It was altered, cut, or stands in another place.
    #[error("an encrypted value is damaged or in the wrong place")]
    Damaged,
}

impl KeyRing {
    /// A ring whose first key encrypts; the others only decrypt.
    #[must_use]
    pub const fn new(active: Key, retired: Vec<Key>) -> Self {
        Self { active, retired }
    }

    /// Whether the ring holds the key `id`.
    #[must_use]
    pub fn holds(&self, id: &str) -> bool {
        self.key(id).is_some()
    }

    /// The id of the key that encrypts.
    #[must_use]
    pub fn active_id(&self) -> &str {
        &self.active.id
    }

    /// Encrypts `plain` for `place`.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random bytes.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Sealed, RandomUnavailable> {
        let key = &self.active;
        let nonce: [u8; NONCE_LENGTH] = random_bytes()?;
        let payload = Payload {
            msg: plain,
            aad: &associated_data(&key.id, place),
        };
        // AES-GCM refuses only messages of 64 GiB and more.
        let ciphertext = row_cipher(key, place)
            .encrypt(&nonce.into(), payload)
            .map_err(|_| RandomUnavailable)?;
        let mut bytes = Vec::with_capacity(2 + key.id.len() + NONCE_LENGTH + ciphertext.len());
        bytes.push(VERSION);
        bytes.push(u8::try_from(key.id.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(key.id.as_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&ciphertext);
        Ok(Sealed {
            key_id: key.id.clone(),
            bytes,
        })
    }

    /// Decrypts what was sealed for `place`.
    ///
    /// # Errors
    ///
    /// When its key is missing, or it was altered or moved.
    pub fn open(&self, place: Place<'_>, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (key_id, nonce, ciphertext) = split(envelope).ok_or(OpenError::Damaged)?;
        let key = self
            .key(key_id)
            .ok_or_else(|| OpenError::UnknownKey(key_id.to_owned()))?;
        let payload = Payload {
            msg: ciphertext,
            aad: &associated_data(&key.id, place),
        };
        row_cipher(key, place)
            .decrypt(&nonce.into(), payload)
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Damaged)
    }

    /// A key for another use than rows, `purpose`, from the active one.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut info = b"oauth-sync purpose".to_vec();
        append(&mut info, purpose);
        self.active.derive(&info)
    }

    fn key(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.active)
            .chain(&self.retired)
            .find(|key| key.id == id)
    }
}

fn row_cipher(key: &Key, place: Place<'_>) -> Aes256Gcm {
    let mut info = b"oauth-sync row".to_vec();
    append(&mut info, place.table);
    append(&mut info, place.row);
    let derived = key.derive(&info);
    Aes256Gcm::new((&*derived).into())
}

fn associated_data(key_id: &str, place: Place<'_>) -> Vec<u8> {
    let mut data = vec![VERSION];
    for part in [key_id, place.table, place.row, place.column, place.user] {
        append(&mut data, part);
    }
    data
}

/// With its length before it, so that no two lists of parts give the same bytes.
fn append(bytes: &mut Vec<u8>, part: &str) {
    bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
    bytes.extend_from_slice(part.as_bytes());
}

fn split(envelope: &[u8]) -> Option<(&str, [u8; NONCE_LENGTH], &[u8])> {
    let (&version, rest) = envelope.split_first()?;
    if version != VERSION {
        return None;
    }
    let (&length, rest) = rest.split_first()?;
    let (key_id, rest) = rest.split_at_checked(usize::from(length))?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LENGTH>()?;
    Some((std::str::from_utf8(key_id).ok()?, *nonce, ciphertext))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place {
        table: "connections",
        row: "int_1",
        column: "access_token",
        user: "ann",
    };

    fn ring(ids: &[(&str, u8)]) -> KeyRing {
        let mut keys = ids
            .iter()
            .map(|&(id, fill)| Key::new(id, [fill; 32]).unwrap());
        let active = keys.next().unwrap();
        KeyRing::new(active, keys.collect())
    }

    #[test]
    fn opens_in_its_own_place_alone() {
        let ring = ring(&[("k1", 1)]);
        let sealed = ring.seal(PLACE, b"token").unwrap();
        assert_eq!(
            ring.open(PLACE, &sealed.bytes).unwrap().as_slice(),
            b"token"
        );
        for place in [
            Place {
                table: "revocations",
                ..PLACE
            },
            Place {
                row: "int_2",
                ..PLACE
            },
            Place {
                column: "refresh_token",
                ..PLACE
            },
            Place {
                user: "bob",
                ..PLACE
            },
            // The parts are counted, so that moving a letter from one to the next is seen.
            Place {
                row: "int_1a",
                column: "ccess_token",
                ..PLACE
            },
        ] {
            assert_eq!(
                ring.open(place, &sealed.bytes).unwrap_err(),
                OpenError::Damaged,
                "{place:?}"
            );
        }
    }

    #[test]
    fn refuses_every_change_of_a_byte_and_every_cut() {
        let ring = ring(&[("k1", 1)]);
        let sealed = ring.seal(PLACE, b"token").unwrap().bytes;
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(ring.open(PLACE, &changed).is_err(), "byte {index}");
            assert!(
                ring.open(PLACE, &sealed[..index]).is_err(),
                "cut at {index}"
            );
        }
    }

    #[test]
    fn an_old_key_still_opens_and_a_missing_one_is_named() {
        let old = ring(&[("k1", 1)]).seal(PLACE, b"token").unwrap();
        let both = ring(&[("k2", 2), ("k1", 1)]);
        assert_eq!(both.open(PLACE, &old.bytes).unwrap().as_slice(), b"token");
        assert_eq!(both.seal(PLACE, b"token").unwrap().key_id, "k2");
        let missing = ring(&[("k2", 2)]).open(PLACE, &old.bytes).unwrap_err();
        assert_eq!(missing, OpenError::UnknownKey("k1".to_owned()));
        let renamed = ring(&[("k1", 2)]).open(PLACE, &old.bytes).unwrap_err();
        assert_eq!(renamed, OpenError::Damaged);
    }

    #[test]
    fn the_same_value_never_looks_the_same() {
        let ring = ring(&[("k1", 1)]);
        let one = ring.seal(PLACE, b"token").unwrap().bytes;
        assert_ne!(one, ring.seal(PLACE, b"token").unwrap().bytes);
        assert!(!one.windows(5).any(|window| window == b"token"));
    }

    #[test]
    fn prints_no_key() {
        assert!(!format!("{:?}", ring(&[("k1", 213)])).contains("213"));
    }
}
