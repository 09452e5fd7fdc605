import { setDefaultSync } from "oauth-sync/element";

/** The page, around whichever instance it is given. */
export function show(sync) {
  document.body.addEventListener("oauth-completed", ({ detail }) => (document.title = `${detail.flow.provider} connected`));
  setDefaultSync(sync);
}
