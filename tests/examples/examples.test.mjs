// The examples, each with the package as others get it: packed, installed, built, and run in a browser or by its test runner.
import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createServer } from "vite";
import { Browser } from "../e2e/harness/browser.mjs";
import { bin, exec, Packed, root } from "../package/harness/packed.mjs";
import { serveSite } from "../package/harness/site.mjs";

let packed;
before(async () => (packed = await Packed.make("examples")));

const install = (name) => packed.install(join(root, "examples", name), name);

describe("examples", () => {
  let browser;
  before(async () => (browser = await Browser.start()));
  after(() => browser?.quit());

  for (const name of ["vite-react", "vite-svelte", "vite-vue"]) {
    test(`${name}_connects_from_the_packed_package`, async () => {
      const app = await install(name);
      await exec(bin("vite"), ["build", "--logLevel", "error"], { cwd: app });
      const backEnd = await serveSite(join(app, "dist"));
      try {
        const tab = await browser.openTab(backEnd.origin);
        const other = await browser.openTab(backEnd.origin);
        const says = (page) => page.run(() => [...document.querySelectorAll("[role=status]")].map((each) => each.textContent));
        const untilSays = (page, texts) => browser.until(async () => JSON.stringify(await says(page)) === JSON.stringify(texts), texts.join(", "));
        await untilSays(tab, ["Not connected", "Not connected"]);
        await untilSays(other, ["Not connected", "Not connected"]);
        await tab.click("section button");
        await untilSays(tab, ["Connected as int_github", "Not connected"]);
        await untilSays(other, ["Connected as int_github", "Not connected"]);
        await tab.reload();
        await untilSays(tab, ["Connected as int_github", "Not connected"]);
        assert.deepEqual(backEnd.violations, []);
      } finally {
        await backEnd.close();
      }
    });
  }

  test("the_readme_leads_to_a_button_that_works", async (t) => {
    const readme = await readFile(join(root, "README.md"), "utf8");
    const [, page] = /^```html\n(<!doctype html>.*?)^```$/msu.exec(readme);
    const app = await packed.install(undefined, "readme");
    await mkdir(join(app, "public"));
    await cp(join(app, "node_modules/oauth-sync/dist/callback.html"), join(app, "public/callback.html"));
    await writeFile(join(app, "index.html"), page);
    const vite = await createServer({ root: app, configFile: false, logLevel: "error", server: { port: 0, host: "localhost" } });
    t.after(() => vite.close());
    await vite.listen();
    const tab = await browser.openTab(vite.resolvedUrls.local[0]);
    const title = () => tab.run(() => document.querySelector("oauth-connect").shadowRoot?.querySelector(".title").textContent);
    await browser.until(async () => (await title()) === "Not connected", "the element");
    await tab.run(() => document.querySelector("oauth-connect").focus());
    await browser.driver.actions().sendKeys("\uE007").perform();
    await browser.until(async () => (await title()) === "Connected", "connected");
  });

  test("the_tests_written_for_vitest_pass", async () => {
    const app = await install("vitest");
    const { stdout } = await exec(bin("vitest"), ["run", "--root", app, "--reporter", "json"], { cwd: app, env: { ...process.env, CI: "true" } });
    const { numPassedTests, numFailedTests } = JSON.parse(stdout.slice(stdout.indexOf("{")));
    assert.deepEqual([numPassedTests, numFailedTests], [4, 0]);
  });

  test("the_tests_written_for_playwright_pass", async () => {
    const app = await install("playwright");
    // A runner in a runner: the outer one's mark would make the inner one silent.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout } = await exec(process.execPath, ["--test", "--test-reporter=tap", join(app, "connect.test.mjs")], { cwd: app, env });
    assert.match(stdout, /^# pass 4$/mu);
  });
});
