/** The windows that flows open. Every call is guarded: a window may be another origin's, closed or taken away. */
import type { WindowState } from "./oauth_sync.js";
import type { StartOptions } from "./types.js";

/** What `start` leaves in sessionStorage. A new window gets a copy, which outlives a severed opener. */
export interface Left {
  readonly flowId: string;
  readonly returnTo?: string;
}

export type Target = Pick<StartOptions, "target" | "width" | "height">;

/** Opens `href`, or a blank window while it is not known; null where the browser does not allow it. */
export function open(namespace: string, left: Left, href: string, { target, width = 600, height = 720 }: Target): Window | null {
  const isGiven = typeof target === "object";
  leave(isGiven ? target : window, namespace, left);
  try {
    if (isGiven) {
      if (href) go(target, href);
      return target.closed ? null : target;
    }
    const x = Math.round(window.screenX + (window.outerWidth - width) / 2);
    const y = Math.round(window.screenY + (window.outerHeight - height) / 2);
    // With a name of its own a window that this page lost in a reload is found again and not opened twice.
    const name = `oauth-sync-${left.flowId}`;
    const features = target === "tab" ? "" : `popup,width=${width},height=${height},left=${x},top=${y}`;
    const handle = window.open(href, name, features);
    return handle?.closed ? null : handle;
  } catch {
    return null;
  } finally {
    // Left behind, it would name this flow in the next window that somebody opens from here.
    if (!isGiven) attempt(() => sessionStorage.removeItem(namespace));
  }
}

export function leave(owner: Window, namespace: string, left: Left): void {
  attempt(() => owner.sessionStorage.setItem(namespace, JSON.stringify(left)));
}

export function go(handle: Window, href: string): void {
  attempt(() => handle.location.replace(href));
}

export function focus(handle: Window): void {
  attempt(() => handle.focus());
}

export function close(handle: Window): void {
  attempt(() => handle.close());
}

export function isOpen(handle: Window | undefined): handle is Window {
  return handle !== undefined && attempt(() => !handle.closed) === true;
}

export const stateOf = (handle: Window | null): WindowState => (handle ? "open" : "blocked");

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
