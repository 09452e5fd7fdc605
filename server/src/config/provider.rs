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
    pub revocation: Option<Revocation>,
    /// A resource that answers 401 to an access token that is not good any more, if one is known.
    pub validation_endpoint: Option<Url>,
    /// What becomes of a refresh token that is used.
    pub rotation: Rotation,
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

/// How a provider is told that a token is void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// RFC 7009.
    Rfc7009(Url),
    /// GitHub's API call for one access token. Not the one for the grant: it ends every token of the app.
    GitHub(Url),
}

/// What becomes of a refresh token that is used: decides what may be done when a request was sent and no usable
/// answer came, for then nobody knows whether it was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rotation {
    /// It stays good: it is sent again at once.
    None,
    /// It stays good for a while: it is sent again at once, within that while.
    Grace,
    /// It is void, and using it again may end the connection: it is not sent again while the access token is good.
    Strict,
    /// Not known: it is not sent again by the same call.
    #[default]
    Unknown,
}

impl Rotation {
    /// Whether a refresh token may be sent again at once, though it may have been used.
    #[must_use]
    pub const fn forgives(self) -> bool {
        matches!(self, Self::None | Self::Grace)
    }
}

/// What is built in for a provider, so that a user gives only a client id and a secret.
pub(super) struct BuiltIn {
    pub id: &'static str,
    pub name: &'static str,
    pub authorization_endpoint: &'static str,
    pub token_endpoint: &'static str,
    pub revocation_endpoint: Option<&'static str>,
    pub validation_endpoint: Option<&'static str>,
    pub rotation: Rotation,
    pub issuer: Option<&'static str>,
    pub scopes: &'static [&'static str],
    pub pkce: Pkce,
    pub authorization_parameters: &'static [(&'static str, &'static str)],
    pub tools: &'static [&'static str],
}

/// Where GitHub ends one access token of a client.
pub(super) const GITHUB_REVOCATION: &str = "https://api.github.com/applications/{client_id}/token";

/// All four take the client's secret in the body.
pub(super) const BUILT_IN: [BuiltIn; 4] = [
    BuiltIn {
        id: "github",
        name: "GitHub",
        authorization_endpoint: "https://github.com/login/oauth/authorize",
        token_endpoint: "https://github.com/login/oauth/access_token",
        // An API call of its own form, not RFC 7009; the client's id is filled in.
        revocation_endpoint: Some(GITHUB_REVOCATION),
        validation_endpoint: Some("https://api.github.com/user"),
        rotation: Rotation::Strict,
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
        validation_endpoint: Some("https://api.atlassian.com/oauth/token/accessible-resources"),
        rotation: Rotation::Grace,
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
        validation_endpoint: Some("https://graph.microsoft.com/oidc/userinfo"),
        rotation: Rotation::None,
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
        validation_endpoint: Some("https://openidconnect.googleapis.com/v1/userinfo"),
        rotation: Rotation::None,
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
