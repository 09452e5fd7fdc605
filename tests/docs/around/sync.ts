import { OAuthSync } from "oauth-sync";

export const sync = new OAuthSync();
