/**
 * `oauth-sync/element`: `<oauth-connect provider="github">`.
 *
 * Importing it registers the element, once; on a server it does nothing.
 */
import type { OAuthSync } from "../index.js";
import type { ConnectionEvent, OAuthSyncEvent } from "../types.js";
import { OAuthConnect } from "./connect.js";

export { OAuthConnect };
export { addMessages } from "./languages.js";
export { messages as english } from "./messages/en.js";
export type { ActionName, ErrorKind, Messages, Words } from "./messages/table.js";
export type { ConnectState } from "./view.js";

const NAME = "oauth-connect";

if (globalThis.customElements && !customElements.get(NAME)) customElements.define(NAME, OAuthConnect);

/** What every `<oauth-connect>` and `<oauth-toast>` follows that has no `sync` of its own, also those that come later. On a server it does nothing. */
export function setDefaultSync(sync: OAuthSync | undefined): void {
  for (const name of [NAME, "oauth-toast"]) {
    // The class that is registered may be another copy's.
    (globalThis.customElements?.get(name) as typeof OAuthConnect | undefined)?.setDefaultSync(sync);
  }
}

type Dashed<T extends string> = T extends `${infer Head}_${infer Tail}` ? `${Head}-${Tail}` : T;

/** What bubbles from the element: the module's events about its provider, the event itself in `detail`. */
export type OAuthConnectEvents = {
  [T in OAuthSyncEvent["type"] as `oauth-${Dashed<T>}`]: CustomEvent<OAuthSyncEvent & { readonly type: T }>;
};

declare global {
  interface HTMLElementTagNameMap {
    "oauth-connect": OAuthConnect;
  }
  /** They bubble, so documents and windows hear of them, too. */
  interface GlobalEventHandlersEventMap extends OAuthConnectEvents {
    "oauth-connection": CustomEvent<ConnectionEvent>;
  }
}
