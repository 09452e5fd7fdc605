//! Origins, compared whole and never by prefix.

use std::fmt;
use url::{Host, Url};

/// The origin of a page or a server: scheme, host and port, in the form browsers send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    url: Url,
    text: String,
}

impl Origin {
    /// `text`, if it is an origin and nothing more: `https`, or `http` on loopback.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text)
            .map_err(|_| "is not an origin such as https://app.example or http://localhost:4180")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("must begin with https:// (or http:// on loopback)");
        }
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err("must be an origin: scheme, host and port, nothing after them");
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err("must be https, but on loopback");
        }
        let text = url.origin().ascii_serialization();
        Ok(Self { url, text })
    }

    /// The same origin on another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        let mut url = self.url.clone();
        // It fails only for URLs without a host, and an origin has one.
        let changed = url.set_port(Some(port));
        debug_assert!(changed.is_ok());
        let text = url.origin().ascii_serialization();
        Self { url, text }
    }

    /// As a browser writes it in `Origin`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether cookies can be `Secure` here.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether its host is this machine's own.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// `path` on this origin.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// `reference`, resolved as a link on a page of this origin.
    #[must_use]
    pub fn resolve(&self, reference: &str) -> Option<Url> {
        self.url.join(reference).ok()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether `url` leads to this machine, where plain http is as good as https.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_origins_and_nothing_more() {
        for (text, expected) in [
            ("https://app.example", "https://app.example"),
            ("https://App.Example:443/", "https://app.example"),
            ("http://localhost:4180", "http://localhost:4180"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert_eq!(
                Origin::parse(text).map(|origin| origin.text),
                Ok(expected.to_owned())
            );
        }
        for text in [
            "",
            "null",
            "*",
            "app.example",
            "http://app.example",
            "https://app.example/path",
            "https://user@app.example",
            "https://app.example?x",
            "ftp://app.example",
            "javascript:alert(1)",
        ] {
            assert!(Origin::parse(text).is_err(), "{text} was taken");
        }
    }
}
