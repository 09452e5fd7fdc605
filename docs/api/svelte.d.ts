/** `oauth-sync/svelte`: flows as Svelte stores. They follow the store contract by themselves and import nothing. */
import type { OAuthSync } from "./index.js";
import type { Flow, PendingFlow, StartOptions } from "./index.js";
/** What `$` and `fromStore` understand; the same shape as `Readable` of `svelte/store`. */
export interface Store<T> {
    subscribe(run: (value: T) => void, invalidate?: () => void): () => void;
}
/** The newest flow of a provider, and what can be done about it. Call `start` and `retry` in the click. */
export interface FlowStore extends Store<Flow | undefined> {
    start(options?: StartOptions): PendingFlow;
    retry(): PendingFlow | undefined;
    cancel(): void;
    dismiss(): void;
}
/** Every flow, newest first. */
export declare function flows(sync: OAuthSync): Store<readonly Flow[]>;
export declare function flow(sync: OAuthSync, provider: string): FlowStore;
