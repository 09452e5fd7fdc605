import { By } from "selenium-webdriver";

/** One window of the browser: the app's, or the provider's. Every verb brings the driver to it first. */
export class Tab {
  constructor(browser, handle, { name, world }) {
    this.browser = browser;
    this.handle = handle;
    this.name = name;
    this.world = world;
  }

  get #driver() {
    return this.browser.driver;
  }

  async #here() {
    await this.#driver.switchTo().window(this.handle);
    return this.#driver;
  }

  async go(url) {
    const address = new URL(url);
    if (this.name !== undefined) address.searchParams.set("tab", this.name);
    await (await this.#here()).get(address.href);
  }

  async reload() {
    await (await this.#here()).navigate().refresh();
  }

  async close() {
    await (await this.#here()).close();
    await this.#driver.switchTo().window(this.browser.home);
  }

  async isOpen() {
    return (await this.browser.handles()).includes(this.handle);
  }

  /** Resolves when the window has closed itself. */
  closed() {
    return this.browser.until(async () => !(await this.isOpen()), "the window to close itself");
  }

  async url() {
    return new URL(await (await this.#here()).getCurrentUrl());
  }

  /** Runs a function in the page and resolves with what it returns. */
  async run(code, ...args) {
    return (await this.#here()).executeScript(code, ...args);
  }

  async find(selector) {
    return (await this.#here()).findElement(By.css(selector));
  }

  /** Clicks an element when it is there and can be clicked. */
  async click(selector) {
    await this.browser.until(async () => {
      const element = await this.find(selector);
      if (!(await element.isDisplayed())) return false;
      await element.click();
      return true;
    }, `${selector} to be clicked`);
  }

  /** Resolves when the page shows an element that matches. */
  shows(selector) {
    return this.browser.until(async () => (await this.find(selector)).isDisplayed(), `${selector} in ${this.name ?? "the window"}`);
  }

  async screenshot() {
    return Buffer.from(await (await this.#here()).takeScreenshot(), "base64");
  }

  // The app's verbs.

  /** Presses the page's button, in whose click `code` gets the module's instance and `args`. */
  async act(code, ...args) {
    await this.run(`
      const args = [...arguments];
      delete window.last;
      window.next = (sync) => (${code})(sync, ...args);
    `, ...args);
    await this.click("#act");
  }

  /** Starts a flow in a click and resolves with its id. */
  async start(provider, options = {}) {
    await this.act((sync, ...args) => sync.start(...args), provider, options);
    // The driver may be back from a click that opens a window before the page has handled it.
    return this.browser.until(() => this.run(() => window.last?.id), "the page's answer to the click");
  }

  /** `start`, and the window that it opens. */
  async startWithWindow(provider, options) {
    let id;
    const window = await this.browser.windowFrom(async () => {
      id = await this.start(provider, options);
    });
    return { id, window };
  }

  /** The module's view of a flow, in this page and now. */
  flow(id) {
    return this.run((flowId) => window.sync.flows().find((flow) => flow.id === flowId), id);
  }

  diagnostics() {
    return this.run(() => window.sync.diagnostics());
  }

  /** What this tab has heard so far, reloads included. */
  events(pattern = {}) {
    return this.world.log.find({ tab: this.name, kind: "event", ...pattern });
  }

  /** Resolves with the first event that agrees with `pattern`. */
  hears(pattern, timeout) {
    return this.world.log.first({ tab: this.name, kind: "event", ...pattern }, timeout);
  }

  /** Resolves when this page's module has read what is stored. */
  ready() {
    return this.browser.until(() => this.run(() => window.sync?.diagnostics().ready === true), `${this.name} to be ready`);
  }

  /**
   * Resolves when nothing that was already on its way to this page can still change what it has heard: the server was
   * asked once more, the page's queue was emptied, and all it reported has arrived.
   */
  quiet() {
    return this.run(async () => {
      await window.sync?.check().catch(() => {});
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setTimeout(resolve));
      await window.arrived();
    });
  }

  // The provider's verbs.

  /** Signs in where the provider asks for it, up to the page that asks for consent. */
  async signIn() {
    await this.browser.until(async () => {
      const [page] = await (await this.#here()).findElements(By.css("#sign-in, #allow"));
      if (page === undefined) return false;
      if ((await page.getAttribute("id")) === "allow") return true;
      await page.click();
      return false;
    }, "the consent page");
  }

  async allow() {
    await this.signIn();
    await this.click("#allow");
  }

  async deny() {
    await this.signIn();
    await this.click("#deny");
  }
}
