/** What the caller did wrong is a `TypeError` that names the argument, thrown before anything has changed. */

export function need(condition: unknown, argument: string): asserts condition {
  if (!condition) throw new TypeError(`oauth-sync: invalid ${argument}`);
}

/** The bounds are those of the protocol: readers of messages drop what is beyond them. */
const NAME = /^\P{Cc}+$/u;
const FLOW_ID = /^[\w-]{8,64}$/;

export function needObject(value: unknown, argument: string): void {
  need(Object(value) === value, argument);
}

export const isText = (value: unknown): value is string => typeof value === "string";

const isName = (value: unknown): value is string => isText(value) && NAME.test(value) && bytesOf(value) <= 64;

export function needProvider(value: unknown): void {
  need(isName(value), "provider");
}

export function needFlowId(value: unknown, argument = "flowId"): void {
  need(isText(value) && FLOW_ID.test(value), argument);
}

/** `:` and `~` set the parts of the names apart that are made from a namespace. */
export const isNamespace = (value: unknown): boolean => isName(value) && !/[:~]/.test(value);

export const isFunction = (value: unknown): boolean => typeof value === "function";

/** `value` as an absolute http(s) URL, relative ones by this page; undefined where it is none. */
export function httpUrl(value: unknown): URL | undefined {
  // An empty one would be this page.
  if (value === "" || (!isText(value) && !(value instanceof URL))) return undefined;
  try {
    const url = new URL(value, globalThis.document?.baseURI);
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** At most 2 KiB of JSON. */
export function jsonOf(value: unknown, argument: string): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // A cycle, or a BigInt.
  }
  need(json && bytesOf(json) <= 2048, argument);
  return json;
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
