import { OAuthSync } from "oauth-sync";

export const sync = new OAuthSync({ statusUrl: "/oauth/status", startUrl: "/oauth/start/{provider}" });
