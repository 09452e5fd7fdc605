import { OAuthSync } from "/oauth-sync/index.js";

/** The same in every page: one of them asks and listens for all. */
export const sync = new OAuthSync({
  statusUrl: "/oauth/status",
  startUrl: "/oauth/start/{provider}",
  cancelUrl: "/oauth/flows/{flow}/cancel",
  connectionsUrl: "/oauth/connections",
  eventsUrl: "/oauth/events",
});

// The flow that made a connection says "completed" for a while after the connection has ended.
sync.subscribe((event) => {
  if (event.type !== "connection" || event.change !== "disconnected") return;
  const { id } = event.connection;
  for (const flow of sync.flows()) if (flow.status === "completed" && flow.integrationId === id) sync.dismiss(flow.id);
}, { connections: true });
