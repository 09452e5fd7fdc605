// The examples, each with the package as others get it: packed, installed, built, and run in a browser or by its test runner.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { By } from "selenium-webdriver";
import { Browser } from "../e2e/harness/browser.mjs";

const exec = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside of the project, so that frameworks and tools are found above.
const work = join(root, "target/test/examples");
const bin = (name) => join(root, "node_modules/.bin", name);
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
let tarball;

before(async () => {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const { stdout } = await exec("npm", ["pack", "--json", "--silent", "--pack-destination", work], { cwd: root });
  const packed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  tarball = join(work, (Array.isArray(packed) ? packed[0] : Object.values(packed)[0]).filename);
});

async function install(name) {
  const app = join(work, name);
  await cp(join(root, "examples", name), app, { recursive: true });
  await writeFile(join(app, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  await exec("npm", ["install", "--offline", "--silent", "--no-package-lock", tarball], { cwd: app });
  return app;
}

/** A back end: it starts flows, sends people back at once, and says what has become of a flow. */
async function serve(directory) {
  const completed = new Set();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const flow = searchParams.get("flow");
    if (pathname.startsWith("/oauth/start/")) {
      completed.add(flow);
      const provider = pathname.split("/").at(-1);
      response.writeHead(303, { location: `/callback.html?provider=${provider}&flow=${flow}&integration_id=int_${provider}` }).end();
    } else if (pathname === "/oauth/status") {
      const status = completed.has(flow) ? "completed" : "pending";
      const integrationId = `int_${searchParams.get("provider")}`;
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ status, completed: status === "completed", success: true, integrationId }));
    } else {
      const file = await readFile(join(directory, pathname === "/" ? "index.html" : pathname)).catch(() => undefined);
      response.writeHead(file ? 200 : 404, { "content-type": types[extname(pathname || ".html")] ?? "text/html" }).end(file);
    }
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

describe("examples", () => {
  let browser;
  before(async () => (browser = await Browser.start()));
  after(() => browser?.quit());

  for (const name of ["vite-react", "vite-svelte", "vite-vue"]) {
    test(`${name}_connects_from_the_packed_package`, async () => {
      const app = await install(name);
      await exec(bin("vite"), ["build", "--logLevel", "error"], { cwd: app });
      const backEnd = await serve(join(app, "dist"));
      try {
        const tab = await browser.openTab(backEnd.origin);
        const other = await browser.openTab(backEnd.origin);
        const says = (page) => page.run(() => [...document.querySelectorAll("[role=status]")].map((each) => each.textContent));
        const untilSays = (page, texts) => browser.until(async () => JSON.stringify(await says(page)) === JSON.stringify(texts), texts.join(", "));
        await untilSays(tab, ["Not connected", "Not connected"]);
        await untilSays(other, ["Not connected", "Not connected"]);
        await browser.driver.switchTo().window(tab.handle);
        await browser.driver.findElement(By.css("section button")).click();
        await untilSays(tab, ["Connected as int_github", "Not connected"]);
        await untilSays(other, ["Connected as int_github", "Not connected"]);
      } finally {
        await backEnd.close();
      }
    });
  }

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
