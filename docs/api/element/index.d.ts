/**
 * `oauth-sync/element`: `<oauth-connect provider="github">`.
 *
 * Importing it registers the element, once; on a server it does nothing.
 */
import type { OAuthSync } from "../index.js";
import type { ConnectionEvent, OAuthSyncEvent } from "../index.js";
import { OAuthConnect } from "./connect.js";
export { OAuthConnect };
export { addMessages } from "./languages.js";
export { messages as english } from "./messages/en.js";
export type { ActionName, ErrorKind, Messages, Words } from "./messages/table.js";
export type { ConnectState } from "./view.js";
/** What every `<oauth-connect>` and `<oauth-toast>` follows that has no `sync` of its own, also those that come later. On a server it does nothing. */
export declare function setDefaultSync(sync: OAuthSync | undefined): void;
type Dashed<T extends string> = T extends `${infer Head}_${infer Tail}` ? `${Head}-${Tail}` : T;
/** What bubbles from the element: the module's events about its provider, the event itself in `detail`. */
export type OAuthConnectEvents = {
    [T in OAuthSyncEvent["type"] as `oauth-${Dashed<T>}`]: CustomEvent<OAuthSyncEvent & {
        readonly type: T;
    }>;
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
