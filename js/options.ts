import { httpUrl, isFunction, isNamespace, isText, need, needObject } from "./check.js";
import type { CoreOptions } from "./oauth_sync.js";
import type { Options } from "./types.js";

type Check = (value: never) => unknown;

const isAddress: Check = (value) => (globalThis.document ? httpUrl(value) : (isText(value) && value) || Object(value) instanceof URL);
/** The module's bounds: it asks these addresses itself. */
const isEndpoint = (value: string): unknown => isAddress(value as never) && String(value).length <= 4096;
const isDuration: Check = (value) => Number.isFinite(value) && value >= 0;
const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 2 ** 31;

/** Every option that there is; a misspelt `statusUrl` must not quietly switch confirmation off. */
const CHECKS: Readonly<Record<keyof Options, Check>> = {
  statusUrl: isEndpoint,
  checkStatus: isFunction,
  startUrl: (value) => isFunction(value) || isAddress(value),
  eventsUrl: isEndpoint,
  connectionsUrl: isEndpoint,
  fetch: isFunction,
  namespace: isNamespace,
  scope: (value: unknown) => isText(value) && value.length <= 4096,
  cancelUrl: (value) => isText(value) && isEndpoint(value),
  tiers: (value: NonNullable<Options["tiers"]>) =>
    Array.isArray(value) && value.length && value.length <= 16 && [...value].every((tier) => isCount(tier?.every) && isCount(tier.polls)),
  slowAfter: isDuration,
  overdueAfter: isDuration,
  expireAfter: isDuration,
  keepSettled: isDuration,
  confirm: (value) => typeof value === "boolean",
  callbackOrigins: (value: NonNullable<Options["callbackOrigins"]>) =>
    Array.isArray(value) && value.length <= 64 && [...value].every((origin) => isText(origin) && httpUrl(origin)?.origin === origin),
  wasm: (value) => isText(value) || Object(value) === value,
  log: isFunction,
};

export function needOptions(options: object): void {
  needObject(options, "options");
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(CHECKS, name) && CHECKS[name as keyof Options];
    need(check && (value === undefined || check(value as never)), `options.${name}`);
  }
  const { statusUrl, checkStatus } = options as Options;
  need(!statusUrl || !checkStatus, "options.checkStatus: give it or options.statusUrl");
}

/** What the module gets. The caller's functions run in a microtask, so never inside it, and a throw is a rejection. */
export function coreOptions({ startUrl, wasm, log, fetch, checkStatus, statusUrl, eventsUrl, connectionsUrl, ...rest }: Options): CoreOptions {
  return {
    ...(rest as Partial<CoreOptions>),
    namespace: rest.namespace ?? "oauth-status",
    scope: rest.scope ?? "",
    ...(statusUrl && { statusUrl: String(statusUrl) }),
    ...(eventsUrl && { eventsUrl: String(eventsUrl) }),
    ...(connectionsUrl && { connectionsUrl: String(connectionsUrl) }),
    ...(checkStatus && { checkStatus: async (request) => (await null, checkStatus(request as never)) }),
    ...(fetch && { fetch: async (...request) => (await null, fetch(...request)) }),
    ...(log && { log: (entry) => queueMicrotask(() => log(Object.freeze(entry))) }),
  };
}
