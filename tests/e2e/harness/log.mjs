/**
 * What the pages under test reported, in order of arrival: their loads, the module's events, uncaught errors. It outlives
 * reloads and closed tabs, so a test can ask what a tab has heard over its whole life.
 *
 * An entry is `{ tab, document, seq, kind, … }`; `kind` is `load`, `event`, `ready`, `refused`, `heard` (a hand-written
 * listener) or `error`.
 */
export class Log {
  #entries = [];
  #waiting = new Set();
  #added = new Set();

  /** Takes an entry in, once: a page that leaves sends again what may have arrived. */
  add(entry) {
    const key = `${entry.tab} ${entry.document} ${entry.seq}`;
    if (this.#added.has(key)) return;
    this.#added.add(key);
    this.#entries.push(entry);
    for (const look of this.#waiting) look();
  }

  clear() {
    this.#entries = [];
  }

  /** Entries that agree with every field of `pattern`; a flow's own fields are reached as `flow.id`. */
  find(pattern = {}) {
    const wanted = Object.entries(pattern).filter(([, value]) => value !== undefined);
    return this.#entries.filter((entry) => wanted.every(([path, value]) => at(entry, path) === value));
  }

  /** Resolves with what `look` returns once that is truthy; looks again at each new entry. */
  until(look, what, timeout = 15_000) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(again);
        settle(value);
      };
      const again = () => {
        const found = look();
        if (found) finish(resolve, found);
      };
      const timer = setTimeout(() => finish(reject, new Error(`waited ${timeout} ms for ${what}\n${this}`)), timeout);
      this.#waiting.add(again);
      again();
    });
  }

  /** Resolves with the first entry that agrees with `pattern`. */
  first(pattern, timeout) {
    return this.until(() => this.find(pattern)[0], JSON.stringify(pattern), timeout);
  }

  toString() {
    return this.#entries.map((entry) => {
      const { tab, document, kind, type, via, flow, ...rest } = entry;
      delete rest.seq;
      delete rest.at;
      const subject = flow === undefined ? "" : ` ${flow.provider} ${flow.id.slice(0, 6)} ${flow.status} ${flow.stage ?? flow.error?.code ?? ""} ${flow.window ?? ""}`;
      return `  ${tab}/${document} ${kind} ${type ?? ""} ${via ?? ""}${subject} ${JSON.stringify(rest)}`;
    }).join("\n");
  }
}

const at = (entry, path) => path.split(".").reduce((value, name) => value?.[name], entry);
