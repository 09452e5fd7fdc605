// A callback page as people write it by hand, without the module: the plain form, by the channels in `?by=`.
(() => {
  const query = new URLSearchParams(location.search);
  const { provider, success, integrationId } = JSON.parse(query.get("says") ?? `{"provider":"github","success":true,"integrationId":42}`);
  const message = { type: "oauth-complete", provider, success, integrationId };
  const by = (query.get("by") ?? "opener,channel,storage").split(",");
  if (by.includes("opener") && window.opener) window.opener.postMessage(message, location.origin);
  if (by.includes("channel")) new BroadcastChannel("oauth-status").postMessage(message);
  if (by.includes("storage")) localStorage.setItem("oauth-status", JSON.stringify({ provider, success, integrationId, timestamp: Date.now() }));
  if (query.get("leave") !== "never") window.close();
})();
