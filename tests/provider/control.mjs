/**
 * What a test can make the server do while it runs. Everything here is off at the start, and off again after `reset`.
 *
 * `endpoint` is the first segment of a path: `auth`, `interaction`, `token`, `revocation`, `me`, `jwks`.
 */
export class Control {
  #settings = defaults();
  #waiting = new Set();
  #counts = new Map();

  /** A copy of the settings in force. */
  get settings() {
    return structuredClone(this.#settings);
  }

  /** Changes the settings named in `changes` and leaves the others. Throws a TypeError for one that does not exist. */
  set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      const valid = Object.hasOwn(checks, name) && checks[name](value);
      if (!valid) throw new TypeError(`${name}: no such setting, or not a value for it`);
    }
    Object.assign(this.#settings, structuredClone(changes));
    this.#wake();
  }

  reset() {
    this.#settings = defaults();
    this.#counts.clear();
    this.#wake();
  }

  /** How many requests have reached `endpoint` since the start or the last reset. */
  count(endpoint) {
    return this.#counts.get(endpoint) ?? 0;
  }

  /** All counts as an object. */
  get counts() {
    return Object.fromEntries(this.#counts);
  }

  /** Counts a request, then holds it back for as long as the settings say. */
  async admit(endpoint) {
    this.#counts.set(endpoint, this.count(endpoint) + 1);
    while (this.#settings.held.includes(endpoint)) {
      await new Promise((resolve) => this.#waiting.add(resolve));
    }
    const delay = this.#settings.delays[endpoint] ?? 0;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  }

  #wake() {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

const defaults = () => ({
  /** Milliseconds that each request to an endpoint waits, for example `{ token: 500 }`. */
  delays: {},
  /** Endpoints whose requests wait until they are taken off this list. */
  held: [],
  /** Cross-Origin-Opener-Policy of every page and redirect, for example `same-origin`. */
  coop: null,
  /** Signs in and allows without showing a page. */
  automaticConsent: false,
  /** Sends people back with an error instead of asking them: `{ error, error_description? }`. */
  refusal: null,
  /**
   * What the token endpoint answers instead of doing its work: `{ status, body }` with a JSON body or text, or
   * `{ cut: true }` to close the connection without a word.
   */
  tokenFailure: null,
  /** How long access tokens live that are issued from now on, in seconds. */
  accessTokenLife: 3600,
});

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const checks = {
  delays: (value) => isObject(value) && Object.values(value).every((delay) => Number.isFinite(delay) && delay >= 0),
  held: (value) => Array.isArray(value) && value.every((endpoint) => typeof endpoint === "string"),
  coop: (value) => value === null || typeof value === "string",
  automaticConsent: (value) => typeof value === "boolean",
  refusal: (value) => value === null || (isObject(value) && typeof value.error === "string"),
  accessTokenLife: (value) => Number.isInteger(value) && value > 0,
  tokenFailure: (value) => value === null || (isObject(value) && (value.cut === true || Number.isInteger(value.status))),
};
