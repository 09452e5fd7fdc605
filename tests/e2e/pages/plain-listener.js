// A listener as people write it by hand, without the module. Like those, it looks at the type of a message alone, and in
// storage at nothing but the key: whatever reaches it counts as connected.
(() => {
  const heard = (by, { provider, integrationId }) => window.report("heard", { by, provider, integrationId });
  addEventListener("message", ({ origin, data }) => {
    if (origin === location.origin && data?.type === "oauth-complete") heard("opener", data);
  });
  new BroadcastChannel("oauth-status").addEventListener("message", ({ data }) => {
    if (data?.type === "oauth-complete") heard("channel", data);
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === "oauth-status" && newValue !== null) heard("storage", JSON.parse(newValue));
  });
  document.querySelector("#act").addEventListener("click", () => window.open(window.next, "", "popup,width=400,height=400"));
})();
