#!/usr/bin/env node
// Pictures of every state of the demo page, and of the provider's pages, at two widths and in both colour schemes:
// `node tests/e2e/screenshots.mjs [--directory target/screenshots]`, or the one for the README: `--picture FILE`.
import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { startProvider } from "../provider/provider.mjs";
import { Browser } from "./harness/browser.mjs";
import { servePageDouble } from "./harness/page-double.mjs";
import { pageStates } from "./harness/page-states.mjs";
import { World } from "./harness/world.mjs";

const { directory, picture: single } = parseArgs({
  options: { directory: { type: "string", default: "target/screenshots" }, picture: { type: "string" } },
}).values;
const providers = ["github", "atlassian", "microsoft", "google"];
const widths = [360, 1280];
const schemes = ["light", "dark"];

await mkdir(directory, { recursive: true });
const page = await servePageDouble();
const provider = await startProvider({ app: page.origin });
const browser = await Browser.start();
try {
  if (single === undefined) await everyState();
  else await running(single);
} finally {
  await browser.quit();
  await Promise.all([provider.close(), page.close()]);
}

async function everyState() {
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
}

/** What a visitor of the README sees: the running thing, with flows that were really gone through, half the size of a screen. */
async function running(file) {
  const world = await World.open();
  try {
    const tab = await browser.openTab(`${world.origin}/`, { name: "picture", world });
    await tab.ready();
    const shows = (slug, text) =>
      browser.until(() => tab.run((...args) => document.querySelector(`[data-provider="${args[0]}"] .status`).textContent.includes(args[1]), slug, text), `${slug}: ${text}`);
    const connect = (slug) => browser.windowFrom(() => tab.click(`[data-provider="${slug}"] [data-part="go"]`));
    await (await connect("github")).allow();
    await shows("github", "Connected");
    const closed = await connect("microsoft");
    await closed.signIn();
    await closed.close();
    await shows("microsoft", "closed");
    await connect("atlassian");
    await shows("atlassian", "Waiting");
    await device("light", 960, 700);
    await writeFile(file, await capture(), "base64");
  } finally {
    await world.close();
  }
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

async function device(scheme, width, height = width < 600 ? 780 : 800) {
  await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
}

async function picture(name) {
  await writeFile(`${directory}/${name}.png`, await capture(), "base64");
}

async function capture() {
  // A button that is still on its way to its new colours would be caught half-way.
  await browser.driver.executeScript(() => Promise.all(document.getAnimations().filter((each) => each instanceof CSSTransition).map((each) => each.finished)));
  const { data } = await browser.driver.sendAndGetDevToolsCommand("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, ...(await wholePage()) });
  return data;
}

async function wholePage() {
  const [width, height] = await browser.driver.executeScript(() => [innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]);
  return { clip: { x: 0, y: 0, width, height, scale: 1 } };
}
