// A service worker of the app that answers the status endpoint with the app's own shell, as offline caches do.
let isAnswering = true;
addEventListener("install", () => self.skipWaiting());
addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
addEventListener("message", () => {
  isAnswering = false;
});
addEventListener("fetch", (event) => {
  if (!isAnswering || new URL(event.request.url).pathname !== "/oauth/status") return;
  event.respondWith(new Response("<!doctype html><title>app</title>", { headers: { "content-type": "text/html" } }));
});
