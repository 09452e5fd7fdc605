#!/usr/bin/env node
// Pictures of every state of the demo page, and of the provider's pages, at two widths and in both colour schemes:
// `node tests/e2e/screenshots.mjs [target/screenshots]`.
import { mkdir, writeFile } from "node:fs/promises";
import { startProvider } from "../provider/provider.mjs";
import { Browser } from "./harness/browser.mjs";
import { servePageDouble } from "./harness/page-double.mjs";
import { pageStates } from "./harness/page-states.mjs";

const directory = process.argv[2] ?? "target/screenshots";
const providers = ["github", "atlassian", "microsoft", "google"];
const widths = [360, 1280];
const schemes = ["light", "dark"];

await mkdir(directory, { recursive: true });
const page = await servePageDouble();
const provider = await startProvider({ app: page.origin });
const browser = await Browser.start();
try {
  const names = Object.keys(pageStates);
  for (const scheme of schemes) {
    for (const width of widths) {
      await device(scheme, width);
      // Four states a picture: one for each card.
      for (let first = 0; first < names.length; first += providers.length) {
        const shown = names.slice(first, first + providers.length);
        const tab = await browser.openTab(`${page.origin}/`);
        await device(scheme, width);
        for (const [index, name] of shown.entries()) await tab.run((...args) => window.show(...args), providers[index], pageStates[name]);
        await picture(`page-${String(first / providers.length)}-${shown.join("-")}-${width}-${scheme}`);
        await tab.close();
      }
      const refused = await browser.openTab(`${page.origin}/?refuse=wasm_blocked`);
      await device(scheme, width);
      await picture(`page-trouble-${width}-${scheme}`);
      await refused.close();
      await standIn(scheme, width);
    }
  }
} finally {
  await browser.quit();
  await Promise.all([provider.close(), page.close()]);
}

async function standIn(scheme, width) {
  const authorization = new URLSearchParams({
    client_id: "demo-atlassian",
    redirect_uri: `${page.origin}/oauth/callback/atlassian`,
    response_type: "code",
    scope: "openid",
    code_challenge: "a".repeat(43),
    code_challenge_method: "S256",
  });
  const tab = await browser.openTab(`${provider.issuer}/auth?${authorization}`);
  await browser.driver.sendDevToolsCommand("Network.clearBrowserCookies", {});
  await tab.go(`${provider.issuer}/auth?${authorization}`);
  await device(scheme, width);
  await tab.shows("#sign-in");
  await picture(`provider-sign-in-${width}-${scheme}`);
  await tab.signIn();
  await picture(`provider-consent-${width}-${scheme}`);
  await tab.close();
}

async function device(scheme, width) {
  await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: width < 600 ? 780 : 800, deviceScaleFactor: 1, mobile: false });
}

async function picture(name) {
  const { data } = await browser.driver.sendAndGetDevToolsCommand("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, ...(await wholePage()) });
  await writeFile(`${directory}/${name}.png`, data, "base64");
}

async function wholePage() {
  const [width, height] = await browser.driver.executeScript(() => [innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]);
  return { clip: { x: 0, y: 0, width, height, scale: 1 } };
}
