/** Chromium's name for a discard because memory is short; `discards.mojom` counts from here. */
const URGENT = 0;

/**
 * Takes a background tab out of memory, as Chromium does where there is little left: its process goes, the tab stays, and it loads anew
 * when somebody comes to it. `chrome://discards` has a button for this; here its page asks the browser for one tab.
 *
 * @returns what brings the tab back; listing the windows does so as well, since the driver attaches to each
 */
export async function discard(tab) {
  const { browser } = tab;
  const { driver } = browser;
  const url = String(await tab.url());
  const before = await browser.handles();
  await browser.focusHome();
  await browser.until(() => debuggingPage(driver), "chrome://discards");
  const failure = await driver.executeAsyncScript((tabUrl, reason, done) => {
    import("chrome://discards/discards.mojom-webui.js").then(async ({ DetailsProvider }) => {
      const remote = DetailsProvider.getRemote();
      const { infos } = await remote.getTabDiscardsInfo();
      await remote.discardById(infos.find((info) => info.tabUrl === tabUrl).id, reason);
      done(null);
    }).catch((error) => done(String(error)));
  }, url, URGENT);
  if (failure !== null) throw new Error(`the tab was not discarded: ${failure}`);
  return async () => {
    tab.handle = await browser.until(async () => (await browser.handles()).find((handle) => !before.includes(handle)), "the discarded tab");
  };
}

/** Goes to chrome://discards; such pages are there only once they have been asked for. */
async function debuggingPage(driver) {
  await driver.get("chrome://discards");
  if ((await driver.getCurrentUrl()).startsWith("chrome://discards")) return true;
  await driver.get("chrome://chrome-urls");
  await driver.executeScript(() => document.querySelector("chrome-urls-app").shadowRoot.querySelector("cr-button").click());
  return false;
}
