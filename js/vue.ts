/** `oauth-sync/vue`: flows as Vue refs. */
import {
  computed,
  type ComputedRef,
  getCurrentInstance,
  inject,
  type InjectionKey,
  type MaybeRefOrGetter,
  onMounted,
  onScopeDispose,
  type Plugin,
  type ShallowRef,
  shallowRef,
  toValue,
} from "vue";
import { follow } from "./follow.js";
import type { OAuthSync } from "./index.js";
import type { Flow, PendingFlow, StartOptions } from "./types.js";

const KEY: InjectionKey<OAuthSync> = Symbol("oauth-sync");
const NONE: readonly Flow[] = Object.freeze([]);

/** `app.use(oauthSync(sync))`. The instance stays the app's: nothing here closes it. */
export function oauthSync(sync: OAuthSync): Plugin {
  return { install: (app) => void app.provide(KEY, sync) };
}

/** Every flow, newest first. Outside of components give `sync`, and call it in an effect scope. */
export function useFlows(sync: OAuthSync = useSync()): Readonly<ShallowRef<readonly Flow[]>> {
  const flows = shallowRef(NONE);
  const begin = () => {
    const look = () => void (flows.value = sync.flows());
    stop = follow(sync, look);
    look();
  };
  let stop: (() => void) | undefined;
  // A component shows what the server has rendered until it is mounted; on a server it never is.
  if (getCurrentInstance()) onMounted(begin);
  else begin();
  onScopeDispose(() => stop?.());
  return flows;
}

/** The newest flow of `provider`, and what can be done about it. Call `start` and `retry` in the click. */
export function useFlow(
  provider: MaybeRefOrGetter<string>,
  sync: OAuthSync = useSync(),
): {
  readonly flow: ComputedRef<Flow | undefined>;
  start(options?: StartOptions): PendingFlow;
  retry(): PendingFlow | undefined;
  cancel(): void;
  dismiss(): void;
} {
  const flows = useFlows(sync);
  const withFlow = <T>(act: (flowId: string) => T): T | undefined => {
    const latest = sync.latest(toValue(provider));
    return latest && act(latest.id);
  };
  return {
    flow: computed(() => flows.value.find((flow) => flow.provider === toValue(provider))),
    start: (options) => sync.start(toValue(provider), options),
    retry: () => withFlow((flowId) => sync.retry(flowId)),
    cancel: () => withFlow((flowId) => sync.cancel(flowId)),
    dismiss: () => withFlow((flowId) => sync.dismiss(flowId)),
  };
}

function useSync(): OAuthSync {
  const sync = inject(KEY, undefined);
  if (!sync) throw new Error("oauth-sync: no instance; app.use(oauthSync(sync)) gives one");
  return sync;
}
