//! Error codes: those of RFC 6749 4.1.2.1 and OpenID Connect as they are, and ours.

use crate::proto::bag::{Bag, Value};
use crate::proto::text::is_name;
use alloc::borrow::Cow;
use alloc::string::String;

/// A code of one to 64 of `[A-Za-z0-9_.-]`. Open: any such code may come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(Cow<'static, str>);

impl ErrorCode {
    /// RFC 6749 4.1.2.1: the person or the provider said no.
    pub const ACCESS_DENIED: Self = Self::ours("access_denied");
    /// The person pressed cancel in the app.
    pub const CANCELLED_BY_USER: Self = Self::ours("cancelled_by_user");
    /// The address to open could not be had, or is not http(s).
    pub const START_FAILED: Self = Self::ours("start_failed");
    /// Nobody came back in time.
    pub const EXPIRED: Self = Self::ours("expired");
    /// The status endpoint does not know the flow.
    pub const UNKNOWN_FLOW: Self = Self::ours("unknown_flow");
    /// RFC 6749 4.1.2.1, and what a failure without a code is called.
    pub const SERVER_ERROR: Self = Self::ours("server_error");

    const fn ours(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// `code`, if it is one.
    #[must_use]
    pub fn parse(code: String) -> Option<Self> {
        is_name(&code, (1, 64), b"_.-").then_some(Self(Cow::Owned(code)))
    }

    /// The code of `{ error: { code } }`, or of `{ error: code }` as hand-written pages have it; a code that is none counts
    /// as missing.
    pub(crate) fn read(bag: &impl Bag) -> Option<Self> {
        match bag.field("error") {
            Value::Bag(error) => error.text("code", 64).and_then(Self::parse),
            Value::Text(code) => Self::parse(code),
            _ => None,
        }
    }

    /// The code of `{ error }`, as our own records hold it.
    pub(crate) fn read_flat(bag: &impl Bag) -> Option<Self> {
        bag.text("error", 64).and_then(Self::parse)
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the same click may end better without anybody changing a setting first.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.as_str(),
            "access_denied"
                | "temporarily_unavailable"
                | "server_error"
                | "cancelled_by_user"
                | "start_failed"
                | "expired"
                | "unknown_flow"
                | "interrupted"
                | "login_required"
                | "interaction_required"
                | "account_selection_required"
                | "consent_required"
        )
    }
}
