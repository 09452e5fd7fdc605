#!/usr/bin/env node
// Pictures of every state of the demo's pages, and of the provider's, at two widths and in both colour schemes:
// `node tests/e2e/screenshots.mjs [--directory target/screenshots]`. Those of the README are `pictures.mjs`'s.
import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { startProvider } from "../provider/provider.mjs";
import { Browser } from "./harness/browser.mjs";
import { connectionStates } from "./harness/connection-states.mjs";
import { servePageDouble } from "./harness/page-double.mjs";
import { pageStates } from "./harness/page-states.mjs";

const { directory } = parseArgs({ options: { directory: { type: "string", default: "target/screenshots" } } }).values;
const providers = ["github", "atlassian", "microsoft", "google"];
const widths = [360, 1280];
const schemes = ["light", "dark"];

await mkdir(directory, { recursive: true });
const page = await servePageDouble();
const provider = await startProvider({ app: page.origin });
const browser = await Browser.start();
try {
  await everyState();
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
      await connectionsPage(scheme, width);
      await onboardingPage(scheme, width);
      await standIn(scheme, width);
    }
  }
}

/** The page of connections: every state, the end of one, and nothing at all. */
async function connectionsPage(scheme, width) {
  const tab = await browser.openTab(`${page.origin}/connections.html?from=onboarding`);
  await device(scheme, width);
  await picture(`connections-empty-${width}-${scheme}`);
  for (const [name, shown] of [["all", connectionStates], ["over", connectionStates.slice(1)]]) {
    await tab.run((list) => window.showConnections(list), shown);
    await picture(`connections-${name}-${width}-${scheme}`);
  }
  await tab.close();
}

/** The page that sets up: its steps, with states of the element in the second. */
async function onboardingPage(scheme, width) {
  const tab = await browser.openTab(`${page.origin}/onboarding.html`);
  await device(scheme, width);
  for (const tool of ["jira", "drive"]) await tab.click(`.choices [value="${tool}"]`);
  await picture(`onboarding-choose-${width}-${scheme}`);
  await tab.click("[data-step=choose] button");
  await tab.click("#next");
  await picture(`onboarding-connect-${width}-${scheme}`);
  for (const [slug, name] of [["github", "denied"], ["atlassian", "connected"], ["microsoft", "admin"], ["google", "waiting"]]) {
    await tab.run((...args) => window.show(...args), slug, pageStates[name]);
  }
  await picture(`onboarding-connect-states-${width}-${scheme}`);
  await tab.click("#next");
  await picture(`onboarding-done-${width}-${scheme}`);
  await tab.close();
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
  await browser.driver.executeScript(() => Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations !== Infinity).map((each) => each.finished)));
  const { data } = await browser.driver.sendAndGetDevToolsCommand("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, ...(await wholePage()) });
  return data;
}

async function wholePage() {
  const [width, height] = await browser.driver.executeScript(() => [innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]);
  return { clip: { x: 0, y: 0, width, height, scale: 1 } };
}
