/** Starts flows and starts them again: opens the window in the click, and finds the address for it. */
import { httpUrl, isFunction, isText, jsonOf, need, needFlowId, needObject } from "./check.js";
import type { Core } from "./core.js";
import { failure } from "./errors.js";
import type { WindowState } from "./oauth_sync.js";
import type { Flow, PendingFlow, StartOptions, StartUrl } from "./types.js";
import { close, focus, go, isOpen, leave, type Left, open, stateOf } from "./windows.js";

/** A search for the address of a flow, and the window that waits for its result. */
interface Search {
  readonly controller: AbortController;
  handle: Window | null;
}

export class Starter {
  readonly #core: Core;
  readonly #startUrl: StartUrl | undefined;
  /** One for each flow that has a function for its address; its signal lives as long as the flow. */
  readonly #searches = new Map<string, Search>();
  #isClosed = false;

  constructor(core: Core, startUrl: StartUrl | undefined) {
    this.#core = core;
    this.#startUrl = startUrl;
  }

  start(provider: string, options: StartOptions): PendingFlow {
    needStartOptions(options);
    const { flowId, appState } = options;
    const twin = this.#atFront(provider, options);
    if (twin) return twin;
    const known = flowId === undefined ? undefined : this.#core.flow(flowId);
    if (known) {
      need(known.status === "pending" && known.provider === provider, "options.flowId");
      return this.#again(known, options);
    }
    return this.#begin(provider, options, { ...(appState !== undefined && { appState: jsonOf(appState, "options.appState") }) });
  }

  retry(flowId: string): PendingFlow {
    const flow = this.#core.flow(flowId);
    if (!flow) throw failure("removed");
    const { flowId: _, target, ...options } = this.#core.started.get(flowId) ?? {};
    // A window that was handed in belonged to a click that is over.
    if (isText(target)) Object.assign(options, { target });
    if (flow.status === "pending") return this.#again(flow, options);
    return (
      this.#atFront(flow.provider, options) ??
      this.#begin(flow.provider, options, {
        retryOf: flowId,
        ...(flow.appState !== undefined && { appState: JSON.stringify(flow.appState) }),
      })
    );
  }

  /** The flow has ended, so nobody need look for its address any more. */
  over(flowId: string): void {
    const search = this.#searches.get(flowId);
    this.#searches.delete(flowId);
    if (!search) return;
    if (search.handle) close(search.handle);
    // Whoever listens to the signal is not called in the middle of a change.
    queueMicrotask(() => search.controller.abort());
  }

  close(): void {
    this.#isClosed = true;
    for (const flowId of [...this.#searches.keys()]) this.over(flowId);
  }

  /** The pending flow of this provider whose window is still open here, brought to the front. */
  #atFront(provider: string, { target }: StartOptions): PendingFlow | undefined {
    for (const flow of this.#core.flows()) {
      const handle = this.#core.windows.get(flow.id);
      if (flow.provider !== provider || flow.status !== "pending" || !isOpen(handle)) continue;
      // The window that was opened for nothing would stay blank.
      if (typeof target === "object" && target !== handle) close(target);
      focus(handle);
      return flow;
    }
    return undefined;
  }

  #begin(provider: string, options: StartOptions, more: { appState?: string; retryOf?: string }): PendingFlow {
    const flowId = options.flowId ?? randomId();
    let flow: Flow | undefined;
    this.#launch(flowId, provider, options, (window, href) => {
      const request = { flowId, provider, startedAt: Date.now(), window, ...(href && { href }), ...more };
      flow = this.#core.start(request);
    });
    return flow as PendingFlow;
  }

  #again(flow: PendingFlow, options: StartOptions): PendingFlow {
    this.#launch(flow.id, flow.provider, options, (window, href) => {
      this.#core.run((machine) => machine.act("reopen", flow.id, window, href));
    });
    return this.#core.flow(flow.id) as PendingFlow;
  }

  /** Opens the window, tells the core what became of it, and only then lets the caller's code look for an address. */
  #launch(flowId: string, provider: string, options: StartOptions, tell: (window: WindowState, href?: string) => void): void {
    const core = this.#core;
    const url = options.url ?? this.#startUrl;
    need(url !== undefined, "options.url: there is no startUrl either");
    const href = isText(url) ? filled(url, provider, flowId) : undefined;
    const isRedirect = options.target === "redirect" || options.target === window;
    const left = { flowId, ...(isRedirect && { returnTo: String(new URL(options.returnTo ?? location.href, document.baseURI)) }) };
    const before = core.windows.get(flowId);
    let handle: Window | null = null;
    if (!isRedirect) {
      if (isOpen(before)) {
        handle = before;
        if (href) go(before, href);
        focus(before);
      } else {
        handle = open(core.namespace, left, href ?? "", options);
      }
      if (handle) core.windows.set(flowId, handle);
      else core.windows.delete(flowId);
    }
    core.started.set(flowId, options);
    tell(isRedirect ? "unknown" : stateOf(handle), href);
    if (handle) core.run((machine) => machine.act("watch", flowId, handle));
    if (!isText(url)) void this.#find(url, flowId, provider, handle, isRedirect ? left : undefined);
    else if (isRedirect) this.#depart(left, href as string);
  }

  async #find(url: Exclude<StartUrl, string>, flowId: string, provider: string, handle: Window | null, left?: Left): Promise<void> {
    const controller = this.#searches.get(flowId)?.controller ?? new AbortController();
    const search: Search = { controller, handle };
    this.#searches.set(flowId, search);
    let href: string | undefined;
    try {
      // In a microtask: the caller's code does not run inside `start`.
      await null;
      href = httpUrl(await url({ flowId, provider, signal: controller.signal }))?.href;
    } catch {
      // The flow fails with `start_failed`, below.
    }
    // The flow is over, or another attempt of it has taken this one's place.
    if (this.#searches.get(flowId) !== search) return;
    search.handle = null;
    if (!href) {
      if (handle) close(handle);
      this.#core.run((machine) => machine.act("startFailed", flowId));
      return;
    }
    const found = href;
    this.#core.run((machine) => machine.act("href", flowId, found));
    if (left) this.#depart(left, found);
    else if (handle) go(handle, found);
  }

  /** Leaves this page once the flow is stored, and also where it cannot be: the person has clicked. */
  #depart(left: Left, href: string): void {
    const depart = () => {
      if (this.#isClosed || this.#core.flow(left.flowId)?.status !== "pending") return;
      leave(window, this.#core.namespace, left);
      location.assign(href);
    };
    this.#core.loaded.then(depart, depart);
  }
}

function needStartOptions(options: StartOptions): void {
  needObject(options, "options");
  const { url, target, width, height, returnTo, flowId } = options;
  need(url === undefined || isFunction(url) || (isText(url) && httpUrl(url)), "options.url");
  need(target === undefined || /^(popup|tab|redirect)$/.test(isText(target) ? target : "") || isWindow(target), "options.target");
  need(width === undefined || (Number.isFinite(width) && width > 0), "options.width");
  need(height === undefined || (Number.isFinite(height) && height > 0), "options.height");
  need(returnTo === undefined || httpUrl(returnTo)?.origin === location.origin, "options.returnTo");
  if (flowId !== undefined) needFlowId(flowId, "options.flowId");
}

/** Across origins, too, a window has itself as `window`. */
function isWindow(value: unknown): boolean {
  const object = Object(value) as Partial<Window>;
  return object === value && object.window === value;
}

function filled(template: string, provider: string, flowId: string): string {
  const url = httpUrl(template.replaceAll("{provider}", encodeURIComponent(provider)));
  need(url, "options.url");
  url.search += `${url.search ? "&" : "?"}flow=${flowId}`;
  return url.href;
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
