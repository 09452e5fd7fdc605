/** `oauth-sync/vue`: flows as Vue refs. */
import { type ComputedRef, type MaybeRefOrGetter, type Plugin, type ShallowRef } from "vue";
import type { OAuthSync } from "./index.js";
import type { Flow, PendingFlow, StartOptions } from "./index.js";
/** `app.use(oauthSync(sync))`. The instance stays the app's: nothing here closes it. */
export declare function oauthSync(sync: OAuthSync): Plugin;
/** Every flow, newest first. Outside of components give `sync`, and call it in an effect scope. */
export declare function useFlows(sync?: OAuthSync): Readonly<ShallowRef<readonly Flow[]>>;
/** The newest flow of `provider`, and what can be done about it. Call `start` and `retry` in the click. */
export declare function useFlow(provider: MaybeRefOrGetter<string>, sync?: OAuthSync): {
    readonly flow: ComputedRef<Flow | undefined>;
    start(options?: StartOptions): PendingFlow;
    retry(): PendingFlow | undefined;
    cancel(): void;
    dismiss(): void;
};
