import { hydrate, mount, unmount } from "svelte";
import { flow } from "oauth-sync/svelte";
import App from "./App.svelte";
import { expose, newSync } from "./sync.mjs";

const sync = newSync();
const errors = [];
const target = document.querySelector("main");
const { warn } = console;
console.warn = (...words) => {
  errors.push(words.join(" "));
  warn(...words);
};
let app;

expose(sync, {
  errors,
  hydrate: () => (app = hydrate(App, { target, props: { sync } })),
  mount: () => (app = mount(App, { target, props: { sync } })),
  unmount: () => unmount(app),
  /** How often a store has told, the first value included. */
  tellings: async (act) => {
    let count = 0;
    const stop = flow(sync, "github").subscribe(() => (count += 1));
    await act();
    stop();
    return count;
  },
});
