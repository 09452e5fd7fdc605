/** What the module says of a flow, made into what `flows()` and events show: complete, and frozen to the last leaf. */
import { messageOf } from "./errors.js";
import type { CoreFlow, CoreStart } from "./oauth_sync.js";
import type { Flow } from "./types.js";

/** The default of `expireAfter`: here for flows that the module has not seen yet. */
const EXPIRE_AFTER = 3_750_000;

export function snapshot({ appState, error, ...rest }: CoreFlow): Flow {
  return freeze({
    ...rest,
    ...(appState !== undefined && { appState: parse(appState) }),
    ...(error && { error: { code: error.code, message: messageOf(error.code), retryable: error.retryable } }),
  }) as Flow;
}

/** A flow that was started before the module was there. */
export function early({ flowId, ...rest }: CoreStart, expireAfter = EXPIRE_AFTER): Flow {
  return snapshot({
    id: flowId,
    ...rest,
    expiresAt: rest.startedAt + expireAfter,
    startedHere: true,
    status: "pending",
    stage: "opening",
  });
}

export function isSame(one: Flow | undefined, other: Flow): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // It comes from storage, which anyone who has this origin can write.
    return null;
  }
}
