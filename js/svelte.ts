/** `oauth-sync/svelte`: flows as Svelte stores. They follow the store contract by themselves and import nothing. */
import type { OAuthSync } from "./index.js";
import { follow } from "./follow.js";
import type { Flow, PendingFlow, StartOptions } from "./types.js";

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
export function flows(sync: OAuthSync): Store<readonly Flow[]> {
  return storeOf(sync, sync.flows);
}

export function flow(sync: OAuthSync, provider: string): FlowStore {
  const latest = () => sync.latest(provider);
  const withFlow = <T>(act: (flowId: string) => T): T | undefined => {
    const each = latest();
    return each && act(each.id);
  };
  return {
    ...storeOf(sync, latest),
    start: (options) => sync.start(provider, options),
    retry: () => withFlow((flowId) => sync.retry(flowId)),
    cancel: () => withFlow((flowId) => sync.cancel(flowId)),
    dismiss: () => withFlow((flowId) => sync.dismiss(flowId)),
  };
}

function storeOf<T>(sync: OAuthSync, look: () => T): Store<T> {
  return {
    subscribe(run) {
      let value = look();
      run(value);
      return follow(sync, () => {
        const before = value;
        value = look();
        // Svelte takes every object for a changed one.
        if (value !== before) run(value);
      });
    },
  };
}
