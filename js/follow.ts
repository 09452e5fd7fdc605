import type { OAuthSync } from "./index.js";

/** Calls `look` whenever there may be something new to show; what is stored comes with no event, but with `ready`. Returns what ends it. */
export function follow(sync: OAuthSync, look: () => void): () => void {
  let isOver = false;
  const stop = sync.subscribe(look);
  // That the module does not load is for the app to say.
  sync.ready.then(() => isOver || look(), () => {});
  return () => {
    isOver = true;
    stop();
  };
}
