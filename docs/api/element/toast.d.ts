/**
 * `oauth-sync/element/toast`: `<oauth-toast>` says in words how a flow ended that this tab began, and when a connection has
 * to be made again. It stays until it is dismissed or no longer true: nothing is taken away from whoever is reading.
 */
import type { OAuthSync } from "../index.js";
import type { Messages } from "./messages/table.js";
declare const Base: typeof HTMLElement;
export declare class OAuthToast extends Base {
    #private;
    static readonly observedAttributes: string[];
    /** What `setDefaultSync` does; here, so that a second copy of this file reaches the elements of the first. */
    static setDefaultSync(sync: OAuthSync | undefined): void;
    /** The instance that it follows; without one, that of `setDefaultSync`. */
    get sync(): OAuthSync | undefined;
    set sync(sync: OAuthSync | undefined | null);
    /** A table of your own, in place of that of the page's language. */
    get messages(): Messages | undefined;
    set messages(messages: Messages | undefined | null);
    /** Names of providers, by id, as people know them. */
    get labels(): Readonly<Record<string, string>>;
    set labels(labels: Readonly<Record<string, string>> | undefined | null);
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(): void;
}
declare global {
    interface HTMLElementTagNameMap {
        "oauth-toast": OAuthToast;
    }
}
export {};
