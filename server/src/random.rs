//! Random values and their text form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The operating system gave no random bytes. Nothing that needs them goes on without.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct RandomUnavailable;

/// `N` bytes from the operating system.
///
/// # Errors
///
/// When the operating system gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomUnavailable> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| RandomUnavailable)?;
    Ok(bytes)
}

/// `N` random bytes as base64url without padding.
///
/// # Errors
///
/// When the operating system gives none.
pub fn random_text<const N: usize>() -> Result<String, RandomUnavailable> {
    Ok(base64url(&random_bytes::<N>()?))
}

/// `bytes` as base64url without padding.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
