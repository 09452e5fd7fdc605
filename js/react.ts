"use client";

/** `oauth-sync/react`: flows as React values. Hooks and context, so a client component wherever there are server components. */
import { createContext, createElement, type ReactNode, useCallback, useContext, useMemo, useSyncExternalStore } from "react";
import { follow } from "./follow.js";
import type { OAuthSync } from "./index.js";
import type { Flow, PendingFlow, StartOptions } from "./types.js";

const Context = createContext<OAuthSync | undefined>(undefined);

/** What a server renders, and a browser in its first go over the server's markup. */
const noFlows = (): readonly Flow[] => NONE;
const NONE: readonly Flow[] = Object.freeze([]);
const noFlow = (): undefined => undefined;

/** Gives `sync` to what is inside. It stays the app's: nothing here closes it. */
export function OAuthSyncProvider({ sync, children }: { sync: OAuthSync; children?: ReactNode }): ReactNode {
  return createElement(Context.Provider, { value: sync }, children);
}

/** Every flow, newest first. */
export function useFlows(): readonly Flow[] {
  const sync = useSync();
  return useSyncExternalStore(useFollow(sync), sync.flows, noFlows);
}

/** The newest flow of `provider`, and what can be done about it. Call `start` and `retry` in the click; the functions stay the same between renders. */
export function useFlow(provider: string): {
  readonly flow: Flow | undefined;
  start(options?: StartOptions): PendingFlow;
  retry(): PendingFlow | undefined;
  cancel(): void;
  dismiss(): void;
} {
  const sync = useSync();
  const flow = useSyncExternalStore(useFollow(sync), () => sync.latest(provider), noFlow);
  const actions = useMemo(() => {
    // Not the flow of the last render: another may have begun since.
    const withFlow = <T>(act: (flowId: string) => T): T | undefined => {
      const latest = sync.latest(provider);
      return latest && act(latest.id);
    };
    return {
      start: (options?: StartOptions) => sync.start(provider, options),
      retry: () => withFlow((flowId) => sync.retry(flowId)),
      cancel: () => withFlow((flowId) => sync.cancel(flowId)),
      dismiss: () => withFlow((flowId) => sync.dismiss(flowId)),
    };
  }, [sync, provider]);
  return useMemo(() => ({ flow, ...actions }), [flow, actions]);
}

/** The same function between renders: with another, React would subscribe again. */
function useFollow(sync: OAuthSync): (look: () => void) => () => void {
  return useCallback((look) => follow(sync, look), [sync]);
}

function useSync(): OAuthSync {
  const sync = useContext(Context);
  if (!sync) throw new Error("oauth-sync: no OAuthSyncProvider around this component");
  return sync;
}
