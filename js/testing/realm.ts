/** As much of a browser as the package touches: one page, alone in its origin, and the windows that it opens. */
import { Clock } from "./clock.js";

type Listener = (event: object) => void;

class Target {
  readonly #listeners = new Map<string, Set<Listener>>();

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  tell(type: string, event: object): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(event);
  }
}

/** Storage that nobody else sees. */
class MemoryStorage {
  readonly #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, String(value));
    // A real one shows its keys as properties.
    Object.defineProperty(this, key, { value: String(value), enumerable: true, configurable: true });
  }

  removeItem(key: string): void {
    this.#items.delete(key);
    Reflect.deleteProperty(this, key);
  }
}

/** A window that the page has opened. */
export class OpenedWindow {
  closed = false;
  readonly sessionStorage = new MemoryStorage();
  readonly location: { replace(href: string): void };

  constructor(onNavigate: (href: string) => void) {
    this.location = { replace: onNavigate };
  }

  get window(): this {
    return this;
  }

  focus(): void {}

  close(): void {
    this.closed = true;
  }
}

/** Who is told of what the page does outside of itself. */
export interface Opener {
  onFetch(url: string, method: string): Promise<Response>;
  isBlocking(): boolean;
  /** A window, under the name that the package gave it; `href` is empty while its address is sought. */
  onOpen(window: OpenedWindow, name: string, href: string, isTab: boolean): void;
  onNavigate(window: OpenedWindow, href: string): void;
  /** The page itself leaves. */
  onDepart(href: string): void;
}

export interface Realm {
  readonly sessionStorage: MemoryStorage;
  /** A person comes back to the page. */
  look(): void;
}

/** The globals of a page at `href` that lives by `clock`. */
export function makeRealm(href: string, clock: Clock, opener: Opener): Realm {
  const url = new URL(href);
  const { setTimeout, clearTimeout } = clock;
  const document = Object.assign(new Target(), { hidden: false, visibilityState: "visible", baseURI: url.href });
  const globals = {
    document,
    origin: url.origin,
    location: { href: url.href, origin: url.origin, assign: opener.onDepart, replace: opener.onDepart },
    localStorage: new MemoryStorage(),
    sessionStorage: new MemoryStorage(),
    navigator: { locks: new LockManager(), onLine: true },
    BroadcastChannel: channels(url.origin),
    Date: clock.date(),
    performance: { now: clock.elapsed },
    setTimeout,
    clearTimeout,
    queueMicrotask: (run: () => void) => queueMicrotask(run),
    Window: Target,
    fetch: (input: unknown, init?: RequestInit) =>
      input instanceof Request ? opener.onFetch(input.url, input.method) : opener.onFetch(String(input), init?.method ?? "GET"),
    reportError: (error: unknown) => console.error(error),
    screenX: 0,
    screenY: 0,
    outerWidth: 1280,
    outerHeight: 800,
    opener: null,
    closed: false,
    open: (target: string, name: string, features: string) => {
      if (opener.isBlocking()) return null;
      const window: OpenedWindow = new OpenedWindow((to) => opener.onNavigate(window, to));
      opener.onOpen(window, name, target, features === "");
      return window;
    },
  };
  const realm = Object.assign(new Target(), globals);
  const own = (name: "addEventListener" | "removeEventListener") => realm[name].bind(realm);
  return Object.assign(realm, {
    window: realm,
    self: realm,
    globalThis: realm,
    look: () => realm.tell("focus", { type: "focus" }),
    addEventListener: own("addEventListener"),
    removeEventListener: own("removeEventListener"),
  });
}

/** A BroadcastChannel among the channels of one page. */
function channels(origin: string): new (name: string) => Target {
  const open = new Set<Channel>();
  class Channel extends Target {
    onmessage: Listener | null = null;
    readonly name: string;

    constructor(name: string) {
      super();
      this.name = name;
      open.add(this);
    }

    postMessage(message: unknown): void {
      const data: unknown = structuredClone(message);
      for (const other of open) {
        if (other !== this && other.name === this.name) queueMicrotask(() => open.has(other) && other.#hear(data));
      }
    }

    close(): void {
      open.delete(this);
    }

    #hear(data: unknown): void {
      const event = { type: "message", data, source: null, origin };
      this.onmessage?.(event);
      this.tell("message", event);
    }
  }
  return Channel;
}

/** Locks that nobody else wants. */
class LockManager {
  readonly #held = new Map<string, Promise<unknown>>();

  async request(name: string, options: { signal?: AbortSignal }, whenHeld: (lock: object) => unknown): Promise<unknown> {
    const before = this.#held.get(name);
    const turn = (async () => {
      await before?.catch(() => {});
      options.signal?.throwIfAborted();
      return whenHeld({ name, mode: "exclusive" });
    })();
    this.#held.set(name, turn);
    return turn;
  }
}
