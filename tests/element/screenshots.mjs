#!/usr/bin/env node
// Pictures of every state of `<oauth-connect>`, at two widths, in both colour schemes, and in every language:
// `node tests/element/screenshots.mjs [target/screenshots/element]`.
import { mkdir, writeFile } from "node:fs/promises";
import { Browser } from "../e2e/harness/browser.mjs";
import { serveElementPage } from "./page/server.mjs";
import { states } from "./states.mjs";

const directory = process.argv[2] ?? "target/screenshots/element";
const perPicture = 8;

await mkdir(directory, { recursive: true });
const page = await serveElementPage();
const browser = await Browser.start();
try {
  const tab = await browser.openTab(`${page.origin}/`);
  for (const [lang, schemes] of [["en", ["light", "dark"]], ["de", ["light"]], ["ja", ["light"]], ["ar", ["dark"]]]) {
    for (const scheme of schemes) {
      for (const width of [360, 1280]) {
        await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
        await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: false });
        const names = Object.keys(states).sort((one, other) => Number(states[one].isOffline ?? false) - Number(states[other].isOffline ?? false));
        for (let first = 0; first < names.length; first += perPicture) {
          await tab.go(`${page.origin}/`);
          await tab.run((lang) => (document.documentElement.lang = lang), lang);
          for (const name of names.slice(first, first + perPicture)) await tab.run((...args) => window.show(...args), name, states[name]);
          await browser.until(() => tab.run(() => [...document.querySelectorAll("oauth-connect")].every((each) => each.shadowRoot.querySelector(".title").textContent)), "texts");
          const [w, h] = await tab.run(() => [innerWidth, document.documentElement.scrollHeight]);
          const { data } = await browser.driver.sendAndGetDevToolsCommand("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip: { x: 0, y: 0, width: w, height: h, scale: 1 } });
          await writeFile(`${directory}/${lang}-${scheme}-${width}-${first / perPicture}.png`, data, "base64");
        }
      }
    }
  }
} finally {
  await browser.quit();
  await page.close();
}
