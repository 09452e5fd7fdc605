"use client";

import { OAuthSync } from "oauth-sync";
import { OAuthSyncProvider } from "oauth-sync/react";

// One for the page, and on the server one that does nothing.
const sync = new OAuthSync({ statusUrl: "/oauth/status", startUrl: "/oauth/start/{provider}" });

export function Providers({ children }) {
  return <OAuthSyncProvider sync={sync}>{children}</OAuthSyncProvider>;
}
