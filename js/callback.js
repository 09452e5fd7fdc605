/**
 * `oauth-sync/callback`: what the page says that the provider sends people back to.
 *
 * Plain JavaScript in one file that imports nothing, so that a server can embed these very bytes in a page of its own.
 * `tsc` checks it like the rest. Nothing happens on import, and every facility of the browser is looked up when used.
 *
 * @module
 */

/** @typedef {import("./types.js").Notice} Notice */
/** @typedef {import("./types.js").NotifyOptions} NotifyOptions */
/** @typedef {import("./types.js").NotifyResult} NotifyResult */

const DEFAULT_NAMESPACE = "oauth-status";
/** How long a page that is about to close waits to be heard: longer than any browser needs, too short to annoy. */
const ACK_TIMEOUT = 500;
/** Readers of notices have the same bounds, and drop in silence what is beyond them. */
const MAX_BYTES = 4096;
const MAX_SLOTS = 64;
const MAX_INTEGRATIONS = 32;
const NAME = /^[^\p{Cc}]{1,64}$/u;
const ID = /^[^\p{Cc}]{1,256}$/u;
/** In the order, and in the spelling, that packs smallest. */
const FIELDS = {
  code: /^[\w.-]{1,64}$/,
  flowId: /^[\w-]{8,64}$/,
  integrationId: ID,
  origin: /^https?:\/\/[^/]+$/,
  id: ID,
  // No app can have another: `:` and `~` set apart what it makes from its namespace.
  namespace: /^[^\p{Cc}:~]{1,64}$/u,
  tool: NAME,
  provider: NAME,
};

/**
 * Tells every window of the app how a flow ended: the opener, every tab, and tabs that are loading just now.
 *
 * Resolves when one of them has acknowledged, at the latest after 500 ms. Rejects only with a `TypeError` that names
 * the argument, and then nothing was sent. `flowId` defaults to the one that `start` left for this window.
 *
 * @param {Notice} notice
 * @param {NotifyOptions} [options]
 * @returns {Promise<NotifyResult>}
 */
export async function notify(notice, options = {}) {
  if (Object(options) !== options) refuse("options");
  const own = globalThis.origin;
  const namespace = field(options, "namespace", true) ?? DEFAULT_NAMESPACE;
  const origin = field(options, "origin", true) ?? own;
  const json = write(notice, namespace);
  const message = JSON.parse(json);

  return new Promise((resolve) => {
    /** @type {BroadcastChannel | undefined} */
    let channel;
    /** @type {(event: MessageEvent) => void} */
    const hear = ({ data, source, origin: from }) => {
      // Another tab may be quicker than the page that waits; while that page lives, its word is the one that counts.
      const expected = channels.post_message === "sent" ? opener : null;
      if (source === expected && from === origin && data?.type === "oauth-ack" && data.id === message.id) finished(true);
    };
    /** @type {(acknowledged: boolean) => void} */
    const finished = (acknowledged) => {
      globalThis.removeEventListener?.("message", hear);
      channel?.close();
      resolve({ acknowledged, channels });
    };
    setTimeout(finished, ACK_TIMEOUT, false);

    // What another origin's windows read cannot be written from here, and ours have no use for it.
    const isForeign = origin !== own;
    const channels = {
      // Storage first: whoever hears of the notice by another channel finds it there already.
      storage: send(() => isForeign || !globalThis.localStorage || store(json, message, namespace)),
      broadcast_channel: send(() => {
        if (isForeign || !globalThis.BroadcastChannel) return true;
        channel = new BroadcastChannel(namespace);
        channel.onmessage = hear;
        return channel.postMessage(message);
      }),
      post_message: send(() => {
        const opener = globalThis.opener;
        if (!opener || opener.closed) return true;
        addEventListener("message", hear);
        return opener.postMessage(message, origin);
      }),
    };
  });
}

/**
 * `notify`, then leaves: a popup or tab closes, a redirect goes back to the page that it came from, and where the
 * browser allows neither, `fallback` is shown.
 *
 * @param {Notice} notice
 * @param {NotifyOptions & { fallback?: HTMLElement }} [options]
 * @returns {Promise<NotifyResult>}
 */
export async function finish(notice, options = {}) {
  const fallback = options?.fallback;
  if (fallback !== undefined && !("hidden" in Object(fallback))) refuse("fallback");
  const result = await notify(notice, options);
  if (!goBack(options.namespace ?? DEFAULT_NAMESPACE)) {
    globalThis.close?.();
    if (fallback && !globalThis.closed) {
      fallback.hidden = false;
      if (!fallback.isConnected) document.body.append(fallback);
    }
  }
  return result;
}

/**
 * The notice in `?provider=&flow=&integration_id=&error=`, or null where there is none.
 *
 * Anyone can write a URL, so let a status endpoint confirm what comes out of it. A value that no notice may hold counts
 * as not there.
 *
 * @param {string | URL} [url] default: this page's
 * @returns {Notice | null}
 */
export function noticeFromUrl(url = globalThis.location?.href ?? "") {
  if (typeof url !== "string" && typeof url?.href !== "string") refuse("url");
  const query = new URLSearchParams(/^[^?#]*\?([^#]*)/.exec(String(url))?.[1]);
  /** @type {(parameter: string, name: keyof typeof FIELDS) => string | undefined} */
  const read = (parameter, name) => {
    const value = query.get(parameter);
    return value && FIELDS[name].test(value) ? value : undefined;
  };
  const provider = read("provider", "provider");
  const flowId = read("flow", "flowId");
  const integrationId = read("integration_id", "integrationId");
  if (!provider) return null;
  const notice = flowId ? { provider, flowId } : { provider };
  if (query.get("error")) return { ...notice, success: false, error: { code: read("error", "code") ?? "server_error" } };
  return integrationId ? { ...notice, success: true, integrationId } : { ...notice, success: true };
}

/**
 * The notice as it travels, in JSON: known fields only, each checked.
 *
 * @param {Notice} notice
 * @param {string} namespace
 */
function write(notice, namespace) {
  const provider = field(notice, "provider");
  const { success } = notice;
  if (success !== !!success) refuse("success");
  const left = leftByStart(namespace).flowId;
  const timestamp = Date.now();
  const json = JSON.stringify({
    type: `oauth-${success ? "complete" : "failed"}`,
    v: 1,
    // It keeps notices apart and guards nothing.
    id: `${timestamp}-${Math.random()}`,
    provider,
    success,
    flowId: field(notice, "flowId", true) ?? (FIELDS.flowId.test(left) ? left : undefined),
    ...(notice.success
      ? { integrationId: field(notice, "integrationId", true), integrations: tools(notice) }
      : { error: { code: field(notice.error ?? { code: "server_error" }, "code") } }),
    timestamp,
  });
  // A `Blob` would be registered with the browser's main process first, which takes longer than all the rest.
  if (new TextEncoder().encode(json).length > MAX_BYTES) refuse("notice");
  return json;
}

/** @param {Extract<Notice, { success: true }>} notice */
function tools({ integrations }) {
  if (integrations && !(integrations.length <= MAX_INTEGRATIONS)) refuse("integrations");
  return integrations && Array.from(integrations, (each) => ({ tool: field(each, "tool"), id: field(each, "id") }));
}

/**
 * What became of one channel; `attempt` says whether it is missing.
 *
 * @param {() => boolean | void} attempt
 * @returns {"sent" | "missing" | "failed"}
 */
function send(attempt) {
  try {
    return attempt() ? "missing" : "sent";
  } catch {
    return "failed";
  }
}

/**
 * A slot of its own for each notice, and the plain key that hand-written listeners watch. They take whatever stands
 * there for a success, so a failure stays out of it.
 *
 * @param {string} json
 * @param {{ id: string, success: boolean, flowId?: string }} message
 * @param {string} namespace
 */
function store(json, { id, success, flowId }, namespace) {
  /** @param {string} key */
  const stored = (key) => parse(() => localStorage.getItem(key));
  const slot = `${namespace}:${flowId ?? `p:${id}`}`;
  // A success that nobody has read yet is not lost to a failure that comes after it.
  if (success || !stored(slot).success) localStorage.setItem(slot, json);
  if (success) localStorage.setItem(namespace, json);
  // Flows that nobody came back for must not fill the storage: the oldest slots go, what is no notice first.
  Object.keys(localStorage)
    .filter((key) => key.startsWith(`${namespace}:`))
    .sort((one, other) => (stored(other).timestamp || 0) - (stored(one).timestamp || 0))
    .slice(MAX_SLOTS)
    .forEach((key) => localStorage.removeItem(key));
}

/**
 * Whether this window came here by a redirect of ours and is now on its way back.
 *
 * @param {string} namespace
 */
function goBack(namespace) {
  const { returnTo } = leftByStart(namespace);
  try {
    const { href } = new URL(returnTo);
    // The prefix of our own origin leaves no room for another scheme, host or user name.
    if (!href.startsWith(`${location.origin}/`)) return false;
    sessionStorage.removeItem(namespace);
    location.replace(href);
    return true;
  } catch {
    return false;
  }
}

/**
 * What `start` left in sessionStorage for the window that it opened. Copied into a popup, it outlives a severed opener.
 *
 * @param {string} namespace
 */
function leftByStart(namespace) {
  return parse(() => sessionStorage.getItem(namespace));
}

/**
 * What is stored, or an empty object: it may be refused, missing or anything at all.
 *
 * @param {() => string | null} read
 * @returns {any}
 */
function parse(read) {
  try {
    return JSON.parse(/** @type {string} */ (read())) ?? {};
  } catch {
    return {};
  }
}

/**
 * The text called `name`, as far as a notice may hold it.
 *
 * @type {(bag: object, name: keyof typeof FIELDS, isOptional?: boolean) => string | undefined}
 */
function field(bag, name, isOptional) {
  const value = /** @type {Record<string, unknown> | null} */ (bag)?.[name];
  const fits = value === undefined ? isOptional : typeof value === "string" && FIELDS[name].test(value);
  return fits ? /** @type {string | undefined} */ (value) : refuse(name);
}

/**
 * @param {string} argument
 * @returns {never}
 */
function refuse(argument) {
  throw new TypeError(`oauth-sync: invalid ${argument}`);
}
