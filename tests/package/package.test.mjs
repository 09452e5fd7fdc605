// The package as others get it: packed, installed from the tarball, built with what apps are built with, and run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { By } from "selenium-webdriver";
import { Browser } from "../e2e/harness/browser.mjs";

const exec = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const work = join(root, "target/test/package");
const bin = (name) => join(root, "node_modules/.bin", name);
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };
let tarball;

before(async () => {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const { stdout } = await exec("npm", ["pack", "--json", "--silent", "--pack-destination", work], { cwd: root });
  const packed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  tarball = join(work, (Array.isArray(packed) ? packed[0] : Object.values(packed)[0]).filename);
});

/** A copy of the app of this directory with the tarball installed. */
async function newApp(name) {
  const app = join(work, name);
  await cp(new URL("app", import.meta.url), app, { recursive: true });
  await writeFile(join(app, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  await exec("npm", ["install", "--offline", "--silent", "--no-package-lock", tarball], { cwd: app });
  return app;
}

function serve(directory) {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url, "http://localhost");
      const file = createReadStream(join(directory, pathname === "/" ? "index.html" : pathname));
      file.once("error", () => response.writeHead(404).end());
      file.once("open", () => response.writeHead(200, { "content-type": types[extname(pathname || ".html")] ?? "text/html" }));
      file.pipe(response);
    });
    server.listen(0, "localhost", () => resolve({ server, origin: `http://localhost:${server.address().port}` }));
  });
}

/** Every file of the build, by its path in `dist`. */
async function built() {
  const entries = await readdir(join(root, "dist"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(join(root, "dist"), join(entry.path, entry.name)));
}

describe("in a browser", () => {
  let browser;
  before(async () => (browser = await Browser.start()));
  after(() => browser?.quit());

  /** A person clicks, the callback page of the app speaks, and the app hears of it once. */
  async function connects(directory) {
    const { server, origin } = await serve(directory);
    try {
      const tab = await browser.openTab(`${origin}/`);
      const said = () => tab.run(() => document.body.dataset.events);
      await browser.until(async () => (await tab.run(() => document.body.dataset.ready)) === "ready", "the module");
      await browser.driver.switchTo().window(tab.handle);
      await browser.driver.findElement(By.css("button")).click();
      await browser.until(async () => (await said())?.includes("completed"), "completed");
      assert.match(await said(), /^started opened (\w+ )*completed int_1$/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test("it_works_in_a_vite_app", async () => {
    const app = await newApp("vite");
    const { build } = await import("vite");
    const input = ["index.html", "callback.html"].map((file) => join(app, file));
    await build({ root: app, configFile: false, logLevel: "error", build: { rollupOptions: { input } } });
    await connects(join(app, "dist"));
  });

  test("it_works_on_the_development_server_of_vite", async () => {
    const app = await newApp("vite-dev");
    const { createServer: createVite } = await import("vite");
    const vite = await createVite({ root: app, configFile: false, logLevel: "error", server: { port: 0, host: "localhost" } });
    await vite.listen();
    const tab = await browser.openTab(vite.resolvedUrls.local[0]);
    await browser.until(async () => (await tab.run(() => document.body.dataset.ready)) === "ready", "the module");
    await vite.close();
  });

  test("it_works_in_a_webpack_app", async () => {
    const app = await newApp("webpack");
    const { default: webpack } = await import("webpack");
    const compiler = webpack({
      mode: "production",
      context: app,
      entry: { app: "./app.js", callback: "./callback.js" },
      output: { path: join(app, "dist"), filename: "[name].js" },
    });
    const stats = await promisify(compiler.run.bind(compiler))();
    assert.deepEqual(stats.toJson({ errors: true, warnings: true }).errors, []);
    for (const page of ["index.html", "callback.html"]) await cp(join(app, page), join(app, "dist", page));
    await connects(join(app, "dist"));
  });

  test("it_works_from_a_plain_module_script", async () => {
    const app = await newApp("plain");
    const map = { imports: { "oauth-sync": "/node_modules/oauth-sync/dist/index.js", "oauth-sync/callback": "/node_modules/oauth-sync/dist/callback.js" } };
    for (const page of ["index.html", "callback.html"]) {
      const html = await readFile(join(app, page), "utf8");
      await writeFile(join(app, page), html.replace("<body>", `<script type="importmap">${JSON.stringify(map)}</script>\n<body>`));
    }
    await connects(app);
  });

  test("its_classic_script_speaks_for_a_page_that_a_server_renders", async () => {
    const app = await newApp("classic");
    const attributes = 'data-provider="github" data-success="true" data-integration-id="int_1" data-flow-id="" data-error=""';
    await writeFile(join(app, "callback.html"), `<!doctype html><script src="/node_modules/oauth-sync/dist/callback.global.js" ${attributes}></script>`);
    const map = { imports: { "oauth-sync": "/node_modules/oauth-sync/dist/index.js" } };
    const html = await readFile(join(app, "index.html"), "utf8");
    await writeFile(join(app, "index.html"), html.replace("<body>", `<script type="importmap">${JSON.stringify(map)}</script>\n<body>`));
    await connects(app);
  });
});

describe("in Node", () => {
  test("it_imports_without_effect_and_an_instance_is_inert", async () => {
    const app = await newApp("node");
    const script = `
      import { OAuthSync, OAuthSyncError } from "oauth-sync";
      import { noticeFromUrl } from "oauth-sync/callback";
      const sync = await OAuthSync.open({ statusUrl: "/oauth/status" });
      console.log(JSON.stringify([sync.flows(), noticeFromUrl("?provider=github"), typeof OAuthSyncError, import.meta.resolve("oauth-sync/oauth_sync_bg.wasm").endsWith(".wasm")]));
    `;
    // That the process ends by itself shows that nothing was left open.
    const { stdout, stderr } = await exec(process.execPath, ["--input-type=module", "--eval", script], { cwd: app });
    assert.deepEqual(JSON.parse(stdout), [[], { provider: "github", success: true }, "function", true]);
    assert.equal(stderr, "");
  });
});

describe("the tarball", () => {
  test("holds_the_build_and_nothing_else", async () => {
    const { stdout } = await exec("tar", ["-tzf", tarball]);
    const files = stdout.trim().split("\n").map((file) => file.replace("package/", "")).filter((file) => !/^(README|CHANGELOG|LICENSE)/.test(file));
    assert.deepEqual(files.sort(), [...(await built()).map((file) => `dist/${file}`), "package.json"].sort());
  });

  test("names_no_place_of_the_machine_that_built_it", async () => {
    for (const file of await built()) {
      const content = await readFile(join(root, "dist", file), "latin1");
      const [place] = /\/(root|home|work|Users)\/[\w./-]{0,60}/.exec(content) ?? [];
      assert.equal(place, undefined, file);
    }
  });

  test("passes_publint", async () => {
    await exec(bin("publint"), ["--strict", tarball], { cwd: root });
  });

  test("passes_attw", async () => {
    await exec(bin("attw"), [tarball, "--profile", "esm-only", "--exclude-entrypoints", "callback.global.js", "oauth_sync_bg.wasm"], { cwd: root });
  });
});
