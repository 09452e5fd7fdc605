import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Builder } from "selenium-webdriver";
import chrome from "selenium-webdriver/chrome.js";
import { Tab } from "./tab.mjs";

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const chromedriver = process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver";

const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--window-size=1280,900",
];

/**
 * A browser with several windows. What tests do goes by WebDriver alone, so that each engine with a driver can stand in
 * here; Chromium's own protocol serves for forgetting cookies and for looking at the page in other sizes and colours.
 */
export class Browser {
  /** @param {{ popups?: "allowed" | "blocked", flags?: string[] }} [options] `blocked`: only what a click opens may open */
  static async start({ popups = "blocked", flags: more = [] } = {}) {
    const browser = new Browser();
    browser.profile = await mkdtemp(`${tmpdir()}/oauth-sync-chromium-`);
    const options = new chrome.Options();
    options.setChromeBinaryPath(chromium);
    options.addArguments(...flags, ...more, `--user-data-dir=${browser.profile}`);
    if (popups === "blocked") options.excludeSwitches("disable-popup-blocking");
    options.windowTypes("tab", "webview", "page");
    browser.driver = await new Builder()
      .forBrowser("chrome")
      .setChromeOptions(options)
      .setChromeService(new chrome.ServiceBuilder(chromedriver))
      .build();
    await browser.driver.manage().setTimeouts({ script: 15_000, pageLoad: 20_000 });
    browser.home = await browser.driver.getWindowHandle();
    return browser;
  }

  async quit() {
    await this.driver.quit();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Opens `url` in a new tab. A page of the app gets the tab's name as `?tab=`, under which the log then has it. */
  async openTab(url, { name, world } = {}) {
    await this.driver.switchTo().newWindow("tab");
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

  /** Closes every window but the first, and forgets the cookies. */
  async clear() {
    for (const handle of await this.handles()) {
      if (handle === this.home) continue;
      await this.driver.switchTo().window(handle).then(() => this.driver.close(), ignoreGone);
    }
    await this.focusHome();
    await this.driver.get("about:blank");
    await this.driver.sendDevToolsCommand("Network.clearBrowserCookies", {});
  }
}

function ignoreGone(error) {
  if (error.name !== "NoSuchWindowError") throw error;
}
