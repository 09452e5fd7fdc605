// The fault matrix as data: what can go wrong, the rows that others met first, and what an engine cannot do.

const coop = ["none", "same-origin", "same-origin-allow-popups", "noopener-allow-popups"];

/** Each dimension with its values; the first value is the one without a fault. */
export const factors = {
  opener: ["on", "off"],
  channel: ["on", "off"],
  storage: ["ok", "refused", "full", "null"],
  storageEvents: ["on", "off"],
  locks: ["ok", "missing", "refusing", "silent"],
  coopApp: coop,
  coopProvider: coop,
  coopCallback: coop,
  target: ["popup", "tab", "redirect"],
  /** What becomes of the page that waits, while the notice comes: the one that started the flow, or after a redirect the other. */
  page: ["awake", "hidden", "frozen", "cached", "reloading", "reopened"],
  status: ["ok", "slow", "failing", "absent"],
};

const sound = Object.fromEntries(Object.entries(factors).map(([name, values]) => [name, values[0]]));

/** Rows that stand in other projects' reports, or were measured to matter: a name, and what is not sound. */
export const named = Object.entries({
  "nothing wrong": {},
  "n8n#34404, firebase-js-sdk#7807: the provider's COOP": { coopProvider: "same-origin" },
  "executor#735: the provider's COOP, a tab": { coopProvider: "same-origin", target: "tab" },
  "COOP on the app and on the callback page": { coopApp: "same-origin-allow-popups", coopCallback: "same-origin-allow-popups" },
  "COOP everywhere, a reload": { coopApp: "same-origin", coopProvider: "same-origin", coopCallback: "same-origin", page: "reloading" },
  "noopener-allow-popups on the app": { coopApp: "noopener-allow-popups" },
  "noopener-allow-popups on the provider, no endpoint": { coopProvider: "noopener-allow-popups", status: "absent" },
  "COOP in a frame of another site: the endpoint alone": { coopProvider: "same-origin", channel: "off", storage: "refused", locks: "refusing" },
  "site data blocked in Chromium": { storage: "refused", locks: "refusing" },
  "site data blocked in Firefox": { storage: "refused", locks: "refusing", channel: "off" },
  "dom.storage.enabled=false": { storage: "null" },
  "oidc-client-ts#466: a full store": { storage: "full" },
  "Safari before 15.4: neither locks nor BroadcastChannel": { channel: "off", locks: "missing" },
  "webcontainer-core#1690: locks refused in a frame": { locks: "refusing" },
  "supabase-js#2111: a lock that nobody gives": { locks: "silent" },
  "supabase-js#2178: a lock that nobody gives, a frozen page": { locks: "silent", page: "frozen" },
  "fast-mutex#1, browser-tabs-lock#33: storage alone": { opener: "off", channel: "off" },
  "storage alone, no endpoint": { opener: "off", channel: "off", status: "absent" },
  "the opener alone, no endpoint": { channel: "off", storage: "refused", status: "absent" },
  "BroadcastChannel alone, no endpoint": { opener: "off", storage: "refused", status: "absent" },
  "nothing at all, no endpoint": { opener: "off", channel: "off", storage: "refused", status: "absent" },
  "whatwg/html#7253, MSAL#5908: back from another page": { page: "cached" },
  "the same, with a window of its own group": { page: "cached", coopProvider: "same-origin" },
  "the same, no endpoint": { page: "cached", coopProvider: "same-origin", status: "absent" },
  "broadcast-channel#385: a hidden tab": { page: "hidden" },
  "a hidden tab, no notice comes through": { page: "hidden", opener: "off", channel: "off", storage: "refused" },
  "pocketbase#3765: a frozen tab": { page: "frozen" },
  "a frozen tab, no endpoint": { page: "frozen", status: "absent" },
  "MSAL#2149, airbyte#22107: closed and opened again": { page: "reopened" },
  "closed and opened again, no endpoint": { page: "reopened", status: "absent" },
  "a redirect, the other tab reloads": { target: "redirect", page: "reloading" },
  "a redirect, no endpoint": { target: "redirect", status: "absent" },
  "a slow endpoint, a reload": { status: "slow", page: "reloading" },
  "an endpoint that fails": { status: "failing" },
  "an endpoint that fails, no notice comes through": { status: "failing", opener: "off", channel: "off", storage: "refused" },
}).map(([name, faults]) => ({ name, ...sound, ...faults }));

/** What an engine or its driver cannot bring about, with the reason; rows that have one are skipped there, and counted. */
export const impossible = {
  chromium: [],
  firefox: [
    { row: { page: "frozen" }, why: "Firefox has no freezing of pages" },
  ],
  webkit: [
    { row: { page: "frozen" }, why: "WebKitGTK's driver cannot suspend a page" },
    { row: { page: "hidden" }, why: "every window of WebKitGTK's small browser is seen, and a tab behind another may open no window" },
    { row: { page: "cached", coopApp: "noopener-allow-popups" }, why: "WebKitGTK's driver loses a window that goes back to a page with this COOP" },
  ],
};
