/** The texts of an element: a table of its own, or that of the language it is in, which may have to be loaded. */
import { languageOf, messagesFor } from "./languages.js";
import type { Messages } from "./messages/table.js";

export class Translation {
  /** Undefined while the language is on the way: nothing is better than a flash of another. */
  table: Messages | undefined;
  #own: Messages | undefined;
  #watch: MutationObserver | undefined;
  readonly #host: HTMLElement;
  readonly #changed: () => void;

  constructor(host: HTMLElement, changed: () => void) {
    this.#host = host;
    this.#changed = changed;
  }

  get own(): Messages | undefined {
    return this.#own;
  }

  set own(messages: Messages | undefined) {
    this.#own = messages;
    this.read();
  }

  start(): void {
    this.#watch = new MutationObserver(() => this.read());
    this.#watch.observe(document.documentElement, { attributeFilter: ["lang"] });
    this.read();
  }

  stop(): void {
    this.#watch?.disconnect();
  }

  read(): void {
    if (!this.#host.isConnected) return;
    const language = languageOf(this.#host);
    const found = this.#own ?? messagesFor(language);
    if (!(found instanceof Promise)) this.#take(found);
    else {
      found.then((table) => {
        // Another language may have been asked for meanwhile.
        if (!this.#own && languageOf(this.#host) === language) this.#take(table);
      });
    }
  }

  #take(table: Messages): void {
    this.table = table;
    this.#changed();
  }
}
