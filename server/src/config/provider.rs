//! What is known of a provider, and what is built in for four of them.

use secrecy::SecretString;
use std::collections::BTreeMap;
use url::Url;

/// The configured providers by id.
pub type Providers = BTreeMap<String, Provider>;

/// A provider, checked.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its id, as in the routes.
    pub id: String,
    /// Its name, as people know it.
    pub name: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret; none for a public client.
    pub client_secret: Option<SecretString>,
    /// How the client names itself at the token endpoint.
    pub client_authentication: ClientAuthentication,
    /// Where people are sent.
    pub authorization_endpoint: Url,
    /// Where a code becomes tokens.
    pub token_endpoint: Url,
    /// Where tokens are revoked, if anywhere.
    pub revocation_endpoint: Option<Url>,
    /// What `iss` must be, where it comes.
    pub issuer: Option<String>,
    /// Whether `iss` must come (RFC 9207: the provider's metadata says so).
    pub requires_issuer: bool,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// Whether it takes PKCE.
    pub pkce: Pkce,
    /// Further parameters of the authorization request.
    pub authorization_parameters: BTreeMap<String, String>,
    /// The tools that one consent connects.
    pub tools: Vec<String>,
}

/// RFC 7636. `plain` is not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// The method S256.
    S256,
    /// The provider does not take it.
    Unsupported,
}

/// RFC 6749 2.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// HTTP Basic.
    Basic,
    /// In the body.
    Post,
    /// A public client: its id alone, in the body.
    Public,
}

/// What is built in for a provider, so that a user gives only a client id and a secret.
pub(super) struct BuiltIn {
    pub id: &'static str,
    pub name: &'static str,
    pub authorization_endpoint: &'static str,
    pub token_endpoint: &'static str,
    pub revocation_endpoint: Option<&'static str>,
    pub issuer: Option<&'static str>,
    pub scopes: &'static [&'static str],
    pub pkce: Pkce,
    pub authorization_parameters: &'static [(&'static str, &'static str)],
    pub tools: &'static [&'static str],
}

/// All four take the client's secret in the body.
pub(super) const BUILT_IN: [BuiltIn; 4] = [
    BuiltIn {
        id: "github",
        name: "GitHub",
        authorization_endpoint: "https://github.com/login/oauth/authorize",
        token_endpoint: "https://github.com/login/oauth/access_token",
        // GitHub revokes by an API call of its own form, not by RFC 7009.
        revocation_endpoint: None,
        issuer: None,
        scopes: &["read:user", "repo"],
        pkce: Pkce::S256,
        authorization_parameters: &[],
        tools: &["github"],
    },
    BuiltIn {
        id: "atlassian",
        name: "Atlassian",
        authorization_endpoint: "https://auth.atlassian.com/authorize",
        token_endpoint: "https://auth.atlassian.com/oauth/token",
        revocation_endpoint: None,
        issuer: None,
        scopes: &[
            "offline_access",
            "read:jira-user",
            "read:jira-work",
            "read:confluence-content.summary",
            "read:confluence-space.summary",
        ],
        // Its documentation of three-legged OAuth names no PKCE.
        pkce: Pkce::Unsupported,
        authorization_parameters: &[("audience", "api.atlassian.com"), ("prompt", "consent")],
        tools: &["jira", "confluence"],
    },
    BuiltIn {
        id: "microsoft",
        name: "Microsoft 365",
        authorization_endpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token_endpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        revocation_endpoint: None,
        // The issuer names the person's tenant, which nobody knows beforehand.
        issuer: None,
        scopes: &[
            "openid",
            "offline_access",
            "Mail.Read",
            "Team.ReadBasic.All",
            "Files.Read",
        ],
        pkce: Pkce::S256,
        authorization_parameters: &[],
        tools: &["outlook", "teams", "onedrive"],
    },
    BuiltIn {
        id: "google",
        name: "Google Workspace",
        authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
        token_endpoint: "https://oauth2.googleapis.com/token",
        revocation_endpoint: Some("https://oauth2.googleapis.com/revoke"),
        issuer: Some("https://accounts.google.com"),
        scopes: &[
            "openid",
            "https://www.googleapis.com/auth/calendar.readonly",
            "https://www.googleapis.com/auth/drive.readonly",
        ],
        pkce: Pkce::S256,
        // Without `prompt=consent` a second consent brings no refresh token.
        authorization_parameters: &[("access_type", "offline"), ("prompt", "consent")],
        tools: &["calendar", "drive"],
    },
];
