// The real module, as an app would set it up, with the server's answers in the test's hands.
import { OAuthSync } from "oauth-sync";

export const answers = new Map();
export let listeners = 0;

export function newSync() {
  const sync = new OAuthSync({
    startUrl: "/start/{provider}",
    checkStatus: async ({ flowId }) => answers.get(flowId) ?? { status: "pending" },
    wasm: "/oauth_sync_bg.wasm",
  });
  const { subscribe } = sync;
  // Counted, so that a test can see whether anybody was left behind.
  sync.subscribe = (listener) => {
    const stop = subscribe(listener);
    let isOver = false;
    listeners += 1;
    return () => {
      if (!isOver) listeners -= 1;
      isOver = true;
      stop();
    };
  };
  return sync;
}

/** What a test asks of the page, whatever it is made with. */
export function expose(sync, more) {
  const settle = (provider, reply) => {
    const { id } = sync.latest(provider);
    answers.set(id, reply);
    sync.report(id, reply);
  };
  Object.assign(window, { sync, settle, listenersOf: () => listeners, ...more });
  if (new URLSearchParams(location.search).has("mounted")) more.mount();
}
