// With `@playwright/test`, `page` comes as a fixture and this file is shorter; here `playwright-core` and Node's own runner do.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";
import { createServer } from "vite";

let vite;
let browser;
let page;

before(async () => {
  vite = await createServer({ root: import.meta.dirname, configFile: false, logLevel: "error", server: { port: 0, host: "localhost" } });
  await vite.listen();
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
});

after(async () => {
  await browser?.close();
  await vite?.close();
});

beforeEach(async () => {
  page = await browser.newPage();
  await page.goto(new URL("test.html", vite.resolvedUrls.local[0]).href);
});

test("a person connects", async () => {
  await page.getByRole("button", { name: "Connect GitHub" }).click();
  await page.getByText("Waiting for authorization…").waitFor();
  assert.match(await page.evaluate(() => window.sync.opened[0].url), /\/oauth\/start\/github\?flow=/u);

  await page.evaluate(() => window.sync.answer(window.sync.latest("github").id, { status: "completed" }));
  await page.getByText("Connected", { exact: true }).waitFor();
  assert.equal(await page.title(), "github connected");
});

test("a person closes the window and opens it again", async () => {
  await page.getByRole("button", { name: "Connect GitHub" }).click();
  await page.evaluate(() => window.sync.closeWindow(window.sync.latest("github").id));
  await page.getByText("The window was closed").waitFor();
  await page.getByRole("button", { name: "Open again" }).click();
  await page.getByText("Waiting for authorization…").waitFor();
  assert.equal(await page.evaluate(() => window.sync.opened.length), 2);
});

test("a person comes back after five minutes", async () => {
  await page.getByRole("button", { name: "Connect GitHub" }).click();
  await page.evaluate(() => window.sync.advance(5 * 60_000));
  await page.getByText("No answer so far").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Cancelled").waitFor();
});

test("a browser blocks the window", async () => {
  await page.evaluate(() => (window.sync.blockPopups = true));
  await page.getByRole("button", { name: "Connect GitHub" }).click();
  await page.getByRole("link", { name: "Go to GitHub" }).waitFor();
});
