/**
 * The four services that the demo connects, as this authorization server knows them. One server plays all four: each
 * has a client and a redirect URI of its own, as each real service would have. A request names at least one of these
 * scopes or `openid`; scopes that are not known here are left out of the grant.
 */
export const services = Object.freeze([
  {
    slug: "github",
    name: "GitHub",
    scopes: ["read:user", "repo"],
    access: ["Read your profile", "Read and write your repositories"],
  },
  {
    slug: "atlassian",
    name: "Atlassian",
    scopes: ["read:jira-work", "write:jira-work", "read:confluence-content.all", "write:confluence-content"],
    access: ["Jira: read and change issues", "Confluence: read and change pages"],
  },
  {
    slug: "microsoft",
    name: "Microsoft 365",
    scopes: ["User.Read", "Mail.Read", "ChannelMessage.Read.All", "Files.Read"],
    access: ["Outlook: read your mail", "Teams: read your channels", "OneDrive: read your files"],
  },
  {
    slug: "google",
    name: "Google Workspace",
    scopes: ["https://www.googleapis.com/auth/calendar.events", "https://www.googleapis.com/auth/drive.readonly"],
    access: ["Calendar: read and change events", "Drive: read your files"],
  },
]);

/** The service that a client id belongs to. */
export const serviceOf = (clientId) => services.find(({ slug }) => clientId === `demo-${slug}`);

/** Client metadata (OpenID Connect Dynamic Client Registration, section 2) for an app at `appOrigin`. */
export const clientsFor = (appOrigin) => services.map(({ slug }) => ({
  client_id: `demo-${slug}`,
  client_secret: `demo-${slug}-secret`,
  redirect_uris: [`${appOrigin}/oauth/callback/${slug}`],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  id_token_signed_response_alg: "ES256",
}));
