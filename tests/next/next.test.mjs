// The example for Next.js, with the package as others get it: rendered on the server, built and in development, where React is strict.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Browser } from "../e2e/harness/browser.mjs";
import { startBackEnd } from "../package/harness/back-end.mjs";
import { saveUntilShown } from "../package/harness/hot.mjs";
import { exec, Packed, root } from "../package/harness/packed.mjs";
import { serveSite, strict } from "../package/harness/site.mjs";

/** `scripts/install.mjs` has put Next.js there; the app is beside its node_modules. */
const app = join(root, "target/next");
const next = join(app, "node_modules/.bin/next");
const environment = (backEnd) => ({ ...process.env, OAUTH_SERVER: backEnd.origin, NEXT_TELEMETRY_DISABLED: "1" });

describe("the example for Next.js", () => {
  let browser;
  let tab;
  before(async () => {
    browser = await Browser.start();
    const packed = await Packed.make("next");
    for (const name of [".next", "app", "node_modules/oauth-sync"]) await rm(join(app, name), { recursive: true, force: true });
    for (const name of ["app", "next.config.js"]) await cp(join(root, "examples/next", name), join(app, name), { recursive: true });
    await exec("npm", ["install", "--offline", "--silent", "--no-save", packed.tarball], { cwd: app });
  });
  after(() => browser?.quit());

  const texts = (page) => page.run(() => [...document.querySelectorAll("[role=status]")].map((each) => each.textContent).join(", "));
  const says = (page, wanted) =>
    browser.until(async () => (await texts(page)) === wanted.join(", "), wanted.join(", ")).catch(async (error) => assert.fail(`${error.message}; there is ${await texts(page)}`));
  /** What the server has rendered can be clicked before React is there, which nobody hears. */
  const open = async (origin) => {
    const page = await browser.openTab(origin);
    const isHydrated = () => page.run(() => Object.keys(document.querySelector("section button") ?? {}).some((key) => key.startsWith("__react")));
    await browser.until(isHydrated, "React");
    await says(page, ["Not connected", "Not connected"]);
    return page;
  };
  /** Without what a page that is closing was still loading. */
  const complaints = async () => (await browser.driver.manage().logs().get("browser")).map(({ message }) => message).filter((message) => !/favicon\.ico/u.test(message));

  /** Runs `next` until the test is over; resolves with where it listens. */
  async function run(t, command, backEnd) {
    const port = await freePort();
    const child = spawn(process.execPath, [next, command, "--port", port, "--hostname", "localhost"], { cwd: app, env: environment(backEnd), detached: true });
    t.after(() => new Promise((resolve) => {
      child.once("exit", resolve);
      // It has workers.
      process.kill(-child.pid);
    }));
    let output = "";
    await new Promise((resolve, reject) => {
      child.once("exit", () => reject(new Error(output)));
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk).includes("Ready in") && resolve());
    });
    return `http://localhost:${port}`;
  }

  test("is_rendered_on_the_server_and_connects_under_the_strict_policy", async (t) => {
    const backEnd = await serveSite(app, { callback: (provider, flow) => `/callback?provider=${provider}&flow=${flow}&integration_id=int_${provider}` });
    t.after(() => backEnd.close());
    await exec(next, ["build"], { cwd: app, env: environment(backEnd) }).catch(({ stdout, stderr }) => assert.fail(`${stdout}${stderr}`));
    const behind = await run(t, "start", backEnd);
    const site = await serveSite(app, { answer: (request, response) => pass(request, response, behind) });
    t.after(() => site.close());
    const { origin } = site;
    const html = await (await fetch(origin)).text();
    assert.equal(html.match(/<p role="status">Not connected<\/p>/gu)?.length, 2);

    tab = await open(origin);
    const other = await open(origin);
    await tab.click("section button");
    await says(tab, ["Connected as int_github", "Not connected"]);
    await says(other, ["Connected as int_github", "Not connected"]);
    // What is there after a reload is not what the server has rendered.
    await tab.reload();
    await says(tab, ["Connected as int_github", "Not connected"]);
    await browser.until(async () => (await browser.handles()).length === 3, "the callback page to close itself");
    assert.deepEqual(site.violations, []);
    assert.deepEqual(await complaints(), []);
  });

  test("keeps_a_flow_over_strict_effects_and_a_hot_reload_in_development", async (t) => {
    const backEnd = await startBackEnd();
    t.after(() => backEnd.close());
    const origin = await run(t, "dev", backEnd);
    // Compiling it takes longer than a browser waits.
    await (await fetch(origin)).text();
    await browser.clear();
    tab = await open(origin);
    await tab.run(() => (window.isSamePage = true));
    await tab.click("section button");
    await says(tab, ["Waiting for authorization…", "Not connected"]);
    await saveUntilShown(browser, join(app, "app/integration.jsx"), () => texts(tab));
    backEnd.settle({ status: "completed", integrationId: "int_1" });
    await says(tab, ["Connected as int_1", "Not connected"]);
    assert.equal(await tab.run(() => window.isSamePage), true);
    assert.deepEqual((await complaints()).filter((message) => / (SEVERE|ERROR) |hydrat/iu.test(message)), []);
  });
});

/** Answers with what the server at `behind` does, its pages under the policy. Next.js has scripts inline: each is named by its hash. */
async function pass({ url, headers: { accept } }, response, behind) {
  if (url === "/favicon.ico") return false;
  const answer = await fetch(`${behind}${url}`, { headers: { accept }, redirect: "manual" });
  const body = Buffer.from(await answer.arrayBuffer());
  const headers = {};
  for (const name of ["content-type", "location"]) if (answer.headers.has(name)) headers[name] = answer.headers.get(name);
  if (headers["content-type"]?.startsWith("text/html")) headers["content-security-policy"] = `${strict(String(body))}; report-uri /violation`;
  response.writeHead(answer.status, headers).end(body);
  return true;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
