import { finish } from "oauth-sync/callback";

void finish({ provider: "github", success: true, integrationId: "int_1" }, { fallback: document.querySelector("p") });
