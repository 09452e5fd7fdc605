import { OAuthSync } from "/inline.js";

window.sync = new OAuthSync({ statusUrl: "/oauth/status", startUrl: "/oauth/start/{provider}" });
window.said = [];
window.sync.subscribe(({ type, flow }) => window.said.push(flow.integrationId ? `${type} ${flow.integrationId}` : type));
for (const button of document.querySelectorAll("button")) button.onclick = () => window.sync.start(button.id);
