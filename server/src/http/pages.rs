//! The pages that people see: small, without anything from elsewhere, readable in dark and light and at 360 px.

use crate::random::random_text;
use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use std::fmt::Write as _;

/// A page before it is sent.
pub(super) struct Page<'a> {
    pub status: StatusCode,
    pub title: &'a str,
    /// What it says, as paragraphs of text.
    pub paragraphs: &'a [&'a str],
    pub action: Option<Action<'a>>,
    pub script: Option<Script>,
    /// Where to go after some seconds, on a page that waits.
    pub refresh: Option<&'a str>,
}

/// What a person can do on a page.
pub(super) enum Action<'a> {
    /// A link.
    Link { href: &'a str, text: &'a str },
    /// A link that shows only where the script could neither close the window nor go back.
    Fallback { href: &'a str, text: &'a str },
    /// A button that posts to this address.
    Button {
        action: &'a str,
        fields: &'a [(&'a str, &'a str)],
        text: &'a str,
    },
}

/// What the callback module is called with.
pub(super) struct Script {
    /// `{ notice, options, address }`: the address is shown instead of the one that holds a code.
    pub data: serde_json::Value,
}

const STYLE: &str = "
:root { color-scheme: light dark; background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { box-sizing: border-box; width: 100%; max-width: 28rem; padding: 2rem 1.25rem; overflow-wrap: anywhere; }
h1 { font-size: 1.375rem; line-height: 1.25; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; }
a, button { font: inherit; }
button { padding: .625rem 1.25rem; border-radius: .375rem; border: 1px solid; cursor: pointer; }
a:focus-visible, button:focus-visible { outline: 3px solid; outline-offset: 2px; }
";

impl Page<'_> {
    /// The page as a response.
    pub(super) fn respond(&self) -> Response {
        let Ok(nonce) = random_text::<16>() else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let mut response = Response::new(Body::from(self.html(&nonce)));
        *response.status_mut() = self.status;
        // No `form-action`: a browser would apply it to every redirect of the provider's that follows the button.
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        // A form on a page with `no-referrer` posts without its origin, which is what is checked.
        let referrer = if matches!(self.action, Some(Action::Button { .. })) {
            "same-origin"
        } else {
            "no-referrer"
        };
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(CONTENT_TYPE, "text/html; charset=utf-8");
        set(CACHE_CONTROL, "no-store");
        set(REFERRER_POLICY, referrer);
        set(X_CONTENT_TYPE_OPTIONS, "nosniff");
        // Any other value cuts the window from the page that opened it, which waits for a word.
        set(
            HeaderName::from_static("cross-origin-opener-policy"),
            "unsafe-none",
        );
        set(HeaderName::from_static("x-robots-tag"), "noindex");
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    fn html(&self, nonce: &str) -> String {
        let title = escape(self.title);
        let mut html =
            String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        if let Some(refresh) = self.refresh {
            let _ = writeln!(
                html,
                "<meta http-equiv=\"refresh\" content=\"2;url={}\">",
                escape(refresh)
            );
        }
        let _ = write!(
            html,
            "<title>{title}</title>\n<style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>{title}</h1>\n<div role=\"status\">\n"
        );
        for paragraph in self.paragraphs {
            let _ = writeln!(html, "<p>{}</p>", escape(paragraph));
        }
        html.push_str("</div>\n");
        if let Some(action) = &self.action {
            action.write(&mut html);
        }
        html.push_str("</main>\n");
        if let Some(script) = &self.script {
            script.write(&mut html, nonce);
        }
        html.push_str("</body>\n</html>\n");
        html
    }
}

impl Action<'_> {
    fn write(&self, html: &mut String) {
        let _ = match self {
            Self::Link { href, text } => {
                writeln!(
                    html,
                    "<p><a href=\"{}\">{}</a></p>",
                    escape(href),
                    escape(text)
                )
            }
            Self::Fallback { href, text } => {
                let link = format!("<a href=\"{}\">{}</a>", escape(href), escape(text));
                writeln!(
                    html,
                    "<p id=\"fallback\" hidden>You may close this window. {link}</p>\n\
                     <noscript><p>You may close this window. {link}</p></noscript>"
                )
            }
            Self::Button {
                action,
                fields,
                text,
            } => {
                let _ = writeln!(html, "<form method=\"post\" action=\"{}\">", escape(action));
                for (name, value) in *fields {
                    let _ = writeln!(
                        html,
                        "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                        escape(name),
                        escape(value)
                    );
                }
                writeln!(
                    html,
                    "<button type=\"submit\">{}</button>\n</form>",
                    escape(text)
                )
            }
        };
    }
}

impl Script {
    fn write(&self, html: &mut String, nonce: &str) {
        // Inside a script element only `<` can end it, and JSON may spell it in another way.
        let data = self.data.to_string().replace('<', "\\u003c");
        let _ = write!(
            html,
            "<script type=\"application/json\" id=\"outcome\">{data}</script>\n\
             <script type=\"module\" nonce=\"{nonce}\">\n\
             import {{ finish }} from \"/oauth/callback.js\";\n\
             const {{ notice, options, address }} = JSON.parse(document.getElementById(\"outcome\").textContent);\n\
             history.replaceState(null, \"\", address);\n\
             finish(notice, {{ ...options, fallback: document.getElementById(\"fallback\") }});\n\
             </script>\n"
        );
    }
}

/// The package's own callback module. Any page may load it: it is public.
#[utoipa::path(
    get,
    path = "/oauth/callback.js",
    tag = "pages",
    responses(
        (status = 200, description = "The package's callback module", content_type = "text/javascript"),
        (status = 429, description = "Too many requests, as a page or as JSON", headers(("Retry-After" = u32))),
    )
)]
pub(super) async fn callback_module() -> Response {
    let mut response = Response::new(Body::from(oauth_sync::CALLBACK_MODULE));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/javascript; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// `text` for HTML, between tags and in attributes with double quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
