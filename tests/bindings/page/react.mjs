import { createElement as h, StrictMode, useEffect, useLayoutEffect, useState, useTransition } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { OAuthSyncProvider, useFlow, useFlows } from "oauth-sync/react";
import { App } from "./react-app.mjs";
import { expose, newSync } from "./sync.mjs";

const sync = newSync();
const main = document.querySelector("main");
const errors = [];
const onRecoverableError = (error) => errors.push(String(error));
const tree = h(StrictMode, null, h(OAuthSyncProvider, { sync }, h(App)));
const renders = {};
let root;

function Counted({ provider }) {
  const { flow, start } = useFlow(provider);
  const [first] = useState(() => start);
  // Renders are counted where they take effect: StrictMode throws every other one away.
  useEffect(() => {
    renders[provider] = (renders[provider] ?? 0) + 1;
  });
  return h("p", { id: `counted-${provider}` }, `${flow?.status ?? "none"} ${first === start}`);
}

function Length() {
  return h("p", { id: "length" }, String(useFlows().length));
}

/** Long enough that React lets other work in between two of them. */
function Slow() {
  const { flow } = useFlow("github");
  const end = performance.now() + 6;
  while (performance.now() < end);
  return h("i", null, flow?.status ?? "none");
}

/** What was on the page together, after each commit. */
const commits = [];

function Growing() {
  const [count, setCount] = useState(0);
  const [, begin] = useTransition();
  window.grow = (to) => begin(() => setCount(to));
  useLayoutEffect(() => void commits.push([...new Set([...document.querySelectorAll("i")].map((each) => each.textContent))]));
  return Array.from({ length: count }, (_, key) => h(Slow, { key }));
}

expose(sync, {
  commits,
  mountGrowing: () => (root = createRoot(main)).render(h(OAuthSyncProvider, { sync }, h(Growing))),
  errors,
  renders,
  hydrate: () => (root = hydrateRoot(main, tree, { onRecoverableError })),
  mount: () => (root = createRoot(main)).render(tree),
  mountCounted: () => (root = createRoot(main)).render(h(OAuthSyncProvider, { sync }, ["github", "google"].map((provider) => h(Counted, { key: provider, provider })), h(Length))),
  mountAlone: () => (root = createRoot(main, { onUncaughtError: (error) => errors.push(error.message) })).render(h(App)),
  unmount: () => root.unmount(),
});
