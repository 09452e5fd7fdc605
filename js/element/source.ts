/** The instance that an element follows: its own, or the one that all without their own follow. */
import type { OAuthSync } from "../index.js";
import type { Connection, ConnectionEvent, OAuthSyncEvent } from "../types.js";

export type Heard = OAuthSyncEvent | ConnectionEvent;

let shared: OAuthSync | undefined;
const present = new Set<Source>();

export function setShared(sync: OAuthSync | undefined): void {
  shared = sync;
  for (const source of present) source.follow();
}

export class Source {
  /** Why the module does not run: a code of `OAuthSyncError`. */
  trouble: string | undefined;
  #own: OAuthSync | undefined;
  #followed: OAuthSync | undefined;
  #unsubscribe: (() => void) | undefined;
  readonly #hear: (event: Heard) => void;
  readonly #changed: () => void;

  constructor(hear: (event: Heard) => void, changed: () => void) {
    this.#hear = hear;
    this.#changed = changed;
  }

  get sync(): OAuthSync | undefined {
    return this.#own ?? shared;
  }

  set sync(sync: OAuthSync | undefined) {
    this.#own = sync;
    this.follow();
  }

  start(): void {
    present.add(this);
    this.follow();
  }

  stop(): void {
    present.delete(this);
    this.#unsubscribe?.();
    this.#unsubscribe = this.#followed = undefined;
  }

  follow(): void {
    const { sync } = this;
    if (present.has(this) && this.#followed !== sync) {
      this.#unsubscribe?.();
      this.#followed = sync;
      this.trouble = undefined;
      this.#unsubscribe = sync?.subscribe((event) => this.#hear(event), { connections: true });
      sync?.ready.then(this.#changed, (error: { code?: string }) => {
        // A closed instance is the app's own doing.
        if (this.#followed !== sync || error.code === "closed") return;
        this.trouble = error.code ?? "unknown";
        this.#changed();
      });
    }
    this.#changed();
  }

  /** The provider's newest connection. */
  connection(provider: string): Connection | undefined {
    return this.sync?.connections().find((each) => each.provider === provider);
  }
}
