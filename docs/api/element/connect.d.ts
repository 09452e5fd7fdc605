/** `<oauth-connect>`: a button that connects a provider, and a few lines that say how that is going. */
import type { OAuthSync } from "../index.js";
import type { Connection, Flow, StartOptions } from "../index.js";
import type { Messages } from "./messages/table.js";
import { type ConnectState } from "./view.js";
/** On a server there are no elements; the class is then there to be imported, and nothing else. */
declare const Base: typeof HTMLElement;
export declare class OAuthConnect extends Base {
    #private;
    static readonly observedAttributes: string[];
    /** What `setDefaultSync` does; here, so that a second copy of this file reaches the elements of the first. */
    static setDefaultSync(sync: OAuthSync | undefined): void;
    /** The instance that it follows; without one, that of `setDefaultSync`. */
    get sync(): OAuthSync | undefined;
    set sync(sync: OAuthSync | undefined | null);
    /** The provider's id, as `start` takes it. */
    get provider(): string;
    set provider(provider: string);
    /** The provider's name, as people know it. */
    get label(): string;
    set label(label: string);
    /** There is a connection. The app says so from what its back end knows; a flow that completes says so too. */
    get connected(): boolean;
    set connected(connected: boolean);
    /** Where the provider's pages open: `popup` (default), `tab` or `redirect`. */
    get target(): "popup" | "tab" | "redirect";
    set target(target: "popup" | "tab" | "redirect");
    /** What `start` is given besides: `appState`, `url`, `returnTo`. */
    get startOptions(): StartOptions | undefined;
    set startOptions(options: StartOptions | undefined | null);
    /** A table of your own, in place of that of the page's language. */
    get messages(): Messages | undefined;
    set messages(messages: Messages | undefined | null);
    /** What it shows. */
    get state(): ConnectState;
    /** The provider's newest flow. */
    get flow(): Flow | undefined;
    /** The provider's newest connection, where the module is told of connections. */
    get connection(): Connection | undefined;
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(name: string): void;
    /** The control that goes on from here. */
    focus(options?: FocusOptions): void;
}
export {};
