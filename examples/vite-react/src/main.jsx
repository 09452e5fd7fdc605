import { OAuthSyncProvider } from "oauth-sync/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Integration } from "./Integration.jsx";
import { sync } from "./sync.js";

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <OAuthSyncProvider sync={sync}>
      <h1>Integrations</h1>
      <Integration provider="github" name="GitHub" />
      <Integration provider="google" name="Google Workspace" />
    </OAuthSyncProvider>
  </StrictMode>,
);
