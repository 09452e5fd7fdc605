// As much of a window as the front touches.

export class FakeStorage {
  #map = new Map();
  get length() {
    return this.#map.size;
  }
  key(index) {
    return [...this.#map.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#map.get(key) ?? null;
  }
  setItem(key, value) {
    this.#map.set(key, String(value));
    // A real one shows its keys as properties.
    Object.defineProperty(this, key, { value: String(value), enumerable: true, configurable: true, writable: true });
  }
  removeItem(key) {
    this.#map.delete(key);
    delete this[key];
  }
}

/** A window that the page opened; `locations` is where it was sent. */
export class FakeHandle {
  closed = false;
  focused = 0;
  locations = [];
  sessionStorage = new FakeStorage();
  location = { replace: (href) => this.locations.push(href) };
  get window() {
    return this;
  }
  focus() {
    this.focused += 1;
  }
  close() {
    this.closed = true;
  }
}

export class FakeWindow {
  opened = [];
  blocksPopups = false;
  departures = [];
  replacements = [];
  reported = [];
  sessionStorage = new FakeStorage();
  localStorage = new FakeStorage();

  constructor(href) {
    const url = new URL(href);
    const page = this;
    this.globals = {
      document: { baseURI: url.href, body: { append: (element) => (element.isConnected = true) } },
      origin: url.origin,
      location: {
        href: url.href,
        origin: url.origin,
        assign: (to) => this.departures.push({ to, left: this.sessionStorage.getItem("oauth-status") }),
        replace: (to) => this.replacements.push(to),
      },
      sessionStorage: this.sessionStorage,
      localStorage: this.localStorage,
      screenX: 100,
      screenY: 50,
      outerWidth: 1000,
      outerHeight: 800,
      opener: null,
      closed: false,
      reportError: (error) => this.reported.push(error),
      open(href, name, features) {
        const handle = page.blocksPopups ? null : new FakeHandle();
        page.opened.push({ href, name, features, handle, left: page.sessionStorage.getItem("oauth-status") });
        return handle;
      },
    };
  }

  /** Makes this the page that the code under test runs in. */
  enter() {
    for (const [name, value] of Object.entries({ ...this.globals, window: globalThis })) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }

  static leave() {
    for (const name of Object.keys(new FakeWindow("https://app.example").globals)) delete globalThis[name];
    delete globalThis.window;
  }
}
