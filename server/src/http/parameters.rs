//! The parameters of a query or a form, read strictly.

use secrecy::SecretString;
use std::collections::BTreeMap;
use std::num::ParseIntError;

/// Longer than any real state, code or flow id.
const LONGEST_VALUE: usize = 4096;

/// More than any provider adds to a callback.
const MOST: usize = 32;

/// Parameters by name. RFC 6749 3.1: none comes twice.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads `text`; none where a name comes twice or something is too large.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut values = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if value.len() > LONGEST_VALUE || values.len() >= MOST {
                return None;
            }
            if values
                .insert(name.into_owned(), value.into_owned())
                .is_some()
            {
                return None;
            }
        }
        Some(Self(values))
    }

    /// The value of `name`; an empty one counts as missing (RFC 6749 3.1).
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of `name` as a number, where there is one.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ParseIntError> {
        self.value(name).map(str::parse).transpose()
    }

    /// The value of `name`, which nothing may show.
    pub(super) fn secret(&self, name: &str) -> Option<SecretString> {
        self.value(name).map(SecretString::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_comes_twice_or_too_large() {
        assert!(Parameters::parse("state=a&state=b").is_none());
        assert!(Parameters::parse(&format!("code={}", "x".repeat(LONGEST_VALUE + 1))).is_none());
        assert!(Parameters::parse(&"a&b&".repeat(40)).is_none());
    }

    #[test]
    fn decodes_and_takes_empty_for_missing() {
        let parameters = Parameters::parse("a=x%20y+z&b=").unwrap_or(Parameters(BTreeMap::new()));
        assert_eq!(parameters.value("a"), Some("x y z"));
        assert_eq!(parameters.value("b"), None);
    }
}
