import { direct, manual } from "selenium-webdriver/proxy.js";
import { engineName, engines } from "./engines.mjs";
import { startProxy } from "./proxy.mjs";
import { Tab } from "./tab.mjs";

/**
 * A browser with several windows. What tests do goes by WebDriver alone, so that each engine with a driver can stand in
 * here. What a test does by `sendDevToolsCommand` is Chromium's alone, and is skipped elsewhere.
 */
export class Browser {
  /**
   * @param {{ popups?: "allowed" | "blocked", flags?: string[], without?: string[], isProxied?: boolean, engine?: string }} [options]
   *   `blocked`: only what a click opens may open; `flags` are given to Chromium beside the driver's own, `without` are those of the driver that
   *   are not; `isProxied`: every name leads to this machine
   */
  static async start({ popups = "blocked", flags = [], without = [], isProxied = false, engine = engineName } = {}) {
    const browser = new Browser();
    if (!Object.hasOwn(engines, engine)) throw new Error(`no engine is called ${engine}; there are ${Object.keys(engines).join(", ")}`);
    const proxy = isProxied ? await startProxy() : undefined;
    const { driver, end } = await engines[engine]({ popups, flags, without, proxy: proxy ? manual({ http: proxy.address }) : direct() });
    Object.assign(browser, { engine, driver, ends: [end, ...(proxy ? [proxy.end] : [])] });
    await driver.manage().setTimeouts({ script: 15_000, pageLoad: 20_000 });
    browser.home = await driver.getWindowHandle();
    return browser;
  }

  async quit() {
    await this.driver.quit();
    for (const end of this.ends) await end();
  }

  /** Opens `url` in a new tab. A page of the app gets the tab's name as `?tab=`, under which the log then has it. */
  async openTab(url, { name, world } = {}) {
    // A popup takes no tabs, and Firefox's driver would wait for one for ever.
    await this.focusHome();
    // A background tab of WebKit's small browser is hidden, and what is hidden may open no window.
    await this.driver.switchTo().newWindow(this.engine === "webkit" ? "window" : "tab");
    const tab = new Tab(this, await this.driver.getWindowHandle(), { name, world });
    await tab.go(url);
    return tab;
  }

  /** Puts the driver to a window in which nothing is loading. */
  focusHome() {
    return this.driver.switchTo().window(this.home);
  }

  handles() {
    return this.driver.getAllWindowHandles();
  }

  /** Runs `act` and resolves with the window that it opens. */
  async windowFrom(act) {
    const before = new Set(await this.handles());
    await act();
    const handle = await this.until(async () => (await this.handles()).find((each) => !before.has(each)), "a new window");
    return new Tab(this, handle, {});
  }

  /** Looks again and again, as the drivers' own waits do, until `look` gives something. */
  async until(look, what, timeout = 15_000) {
    let error;
    try {
      return await this.driver.wait(async () => {
        try {
          return await look();
        } catch (each) {
          // The page may be on its way to another.
          error = each;
          return false;
        }
      }, timeout, undefined, 30);
    } catch (timedOut) {
      throw new Error(`waited ${timeout} ms for ${what}`, { cause: error ?? timedOut });
    }
  }

  /** Closes every window but the first, and forgets the cookies of `origins`. */
  async clear(origins = []) {
    for (const handle of await this.handles()) {
      if (handle === this.home) continue;
      await this.driver.switchTo().window(handle).then(() => this.driver.close()).catch(ignoreGone);
    }
    await this.focusHome();
    // Cookies know no ports: those of one test would be sent in the next.
    for (const origin of origins) await this.driver.get(`${origin}/test/forget`);
    await this.driver.get("about:blank");
  }
}

function ignoreGone(error) {
  if (error.name !== "NoSuchWindowError") throw error;
}
