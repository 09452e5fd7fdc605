/** `oauth-sync/react`: flows as React values. Hooks and context, so a client component wherever there are server components. */
import { type ReactNode } from "react";
import type { OAuthSync } from "./index.js";
import type { Flow, PendingFlow, StartOptions } from "./index.js";
/** Gives `sync` to what is inside. It stays the app's: nothing here closes it. */
export declare function OAuthSyncProvider({ sync, children }: {
    sync: OAuthSync;
    children?: ReactNode;
}): ReactNode;
/** Every flow, newest first. */
export declare function useFlows(): readonly Flow[];
/** The newest flow of `provider`, and what can be done about it. Call `start` and `retry` in the click; the functions stay the same between renders. */
export declare function useFlow(provider: string): {
    readonly flow: Flow | undefined;
    start(options?: StartOptions): PendingFlow;
    retry(): PendingFlow | undefined;
    cancel(): void;
    dismiss(): void;
};
