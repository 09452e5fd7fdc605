#!/usr/bin/env node
// What a visitor of the README sees: the running demo, with flows that were really gone through. `node tests/e2e/pictures.mjs [docs]`.
import { writeFile } from "node:fs/promises";
import { Browser } from "./harness/browser.mjs";
import { World } from "./harness/world.mjs";

const directory = process.argv[2] ?? "docs";
const browser = await Browser.start();
try {
  // Each in a world of its own, with a person who has nothing yet.
  for (const picture of [frontPage, onboarding, connections]) {
    const world = await World.open();
    try {
      await picture(world);
    } finally {
      await browser.clear([world.origin]);
      await world.close();
    }
  }
} finally {
  await browser.quit();
}

async function frontPage(world) {
  const tab = await openPage(world, "/");
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
  await take(tab, "demo", 960, 700);
}

async function onboarding(world) {
  const tab = await openPage(world, "/onboarding.html");
  for (const tool of ["github", "jira", "drive"]) await tab.click(`.choices [value="${tool}"]`);
  await tab.click("[data-step=choose] button");
  await (await connectIn(tab, "atlassian")).allow();
  await says(tab, "atlassian", "Connected");
  world.provider.control.set({ refusal: { error: "access_denied", error_description: "AADSTS90094: admin consent" } });
  await pressIn(tab, "microsoft");
  await says(tab, "microsoft", "An admin has to agree");
  world.provider.control.reset();
  await connectIn(tab, "google");
  await says(tab, "google", "Waiting");
  await take(tab, "onboarding", 800, 600);
}

async function connections(world) {
  const tab = await openPage(world, "/onboarding.html");
  await tab.click("[data-step=choose] button");
  for (const provider of ["github", "atlassian"]) {
    await (await connectIn(tab, provider)).allow();
    await says(tab, provider, "Connected");
  }
  await tab.go(`${world.origin}/connections.html`);
  await browser.until(() => tab.run(() => document.querySelectorAll(".connection").length === 2), "both connections");
  const refresh = (slug) => tab.click(`.connection:has([provider="${slug}"]) [data-act="refresh"]`);
  await refresh("github");
  await browser.until(() => tab.run(() => document.querySelector(".connections").textContent.includes("Refreshed.")), "the refresh");
  world.provider.control.set({ tokenFailure: { status: 400, body: { error: "invalid_grant" } } });
  await refresh("atlassian");
  await says(tab, "atlassian", "Connect Atlassian again");
  await tab.run(() => document.activeElement.blur());
  await take(tab, "connections", 800, 600);
}

async function openPage(world, path) {
  const tab = await browser.openTab(`${world.origin}${path}`, { name: "picture", world });
  await tab.ready();
  return tab;
}

async function pressIn(tab, provider) {
  const button = await tab.run((slug) => document.querySelector(`oauth-connect[provider="${slug}"]`).shadowRoot.querySelector(".primary:not([hidden])"), provider);
  await button.click();
}

function connectIn(tab, provider) {
  return browser.windowFrom(() => pressIn(tab, provider));
}

function says(tab, provider, text) {
  return browser.until(() => tab.run((...args) => document.querySelector(`oauth-connect[provider="${args[0]}"]`).shadowRoot.querySelector(".words").textContent.includes(args[1]), provider, text), `${provider}: ${text}`);
}

async function take(tab, name, width, height) {
  await tab.run(() => scrollTo(0, 0));
  const { driver } = browser;
  await driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "light" }] });
  await driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await tab.run(() => Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations !== Infinity).map((each) => each.finished)));
  const whole = await tab.run(() => Math.max(innerHeight, document.documentElement.scrollHeight));
  await driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: whole, deviceScaleFactor: 1, mobile: false });
  const { data } = await driver.sendAndGetDevToolsCommand("Page.captureScreenshot", { format: "png" });
  await writeFile(`${directory}/${name}.png`, data, "base64");
}
