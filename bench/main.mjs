/**
 * `npm run bench [-- --json --quick]`: how the package fares beside what the browser does bare. All candidates take
 * turns in one run, so ratios can be compared between machines; absolute times cannot.
 */
import { availableParallelism, loadavg } from "node:os";
import { build } from "../scripts/build.mjs";
import { installEngine, installPackages, installWasmTarget } from "../scripts/install.mjs";
import { print } from "./print.mjs";
import { BenchServer } from "./server.mjs";

const isJson = process.argv.includes("--json");
const isQuick = process.argv.includes("--quick");
const say = (step) => console.error(`${step} …`);

await installWasmTarget(say);
await installPackages(say);
Object.assign(process.env, await installEngine("chromium", say));
await build((step) => say(`building the ${step}`));

// They import npm packages, and read from the environment where the browser is.
const { Browser } = await import("../tests/e2e/harness/browser.mjs");
const { measureNotices } = await import("./notices.mjs");
const { measureStartup } = await import("./startup.mjs");
const { measureRequests } = await import("./requests.mjs");

const server = await BenchServer.open();
const browsers = [];
try {
  for (let count = 0; count < 2; count += 1) browsers.push(await Browser.start({ popups: "allowed" }));
  const [browser] = browsers;
  const capabilities = await browser.driver.getCapabilities();
  const environment = {
    date: new Date().toISOString(),
    browser: `${capabilities.get("browserName")} ${capabilities.get("browserVersion")}`,
    cores: availableParallelism(),
    load: loadavg()[0],
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
  say("notices");
  const notices = await measureNotices({ browser, server });
  say("startup");
  const startup = await measureStartup({ browser, server });
  say(`status requests, ${isQuick ? "scaled tiers, about a minute" : "the default tiers, more than three minutes"}`);
  const requests = await measureRequests({ browsers, server, isQuick });
  const result = { environment, notices, startup, requests };
  if (isJson) console.log(JSON.stringify(result, undefined, 2));
  else print(result);
} finally {
  await Promise.all(browsers.map((browser) => browser.quit()));
  await server.close();
}
