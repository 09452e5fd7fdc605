// The package as others get it: packed, installed from the tarball, built with what apps are built with, and run.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { Browser } from "../e2e/harness/browser.mjs";
import { BUNDLERS } from "./harness/bundlers.mjs";
import { bin, exec, Packed, root } from "./harness/packed.mjs";
import { serveSite } from "./harness/site.mjs";

const source = fileURLToPath(new URL("app", import.meta.url));
let packed;

before(async () => (packed = await Packed.make("package")));

/** A copy of the app of this directory with the tarball installed; `isInline`: with the module in the JavaScript. */
async function newApp(name, { isInline = false } = {}) {
  const app = await packed.install(source, name);
  if (isInline) await edit(join(app, "app.js"), (text) => text.replace('"oauth-sync"', '"oauth-sync/inline"'));
  return app;
}

const edit = async (file, change) => writeFile(file, change(await readFile(file, "utf8")));

/** Every file of the build, by its path in `dist`. */
async function built() {
  const entries = await readdir(join(root, "dist"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(join(root, "dist"), join(entry.path, entry.name)));
}

describe("in a browser", () => {
  let browser;
  before(async () => (browser = await Browser.start()));
  after(() => browser?.quit());

  /** A person clicks, the callback page of the app speaks, and the app hears of it once; the element shows it in German. Resolves with what was asked for. */
  async function connects(directory) {
    const site = await serveSite(directory);
    try {
      const tab = await browser.openTab(`${site.origin}/`);
      const said = () => tab.run(() => document.body.dataset.events);
      const shown = () => tab.run(() => document.querySelector("oauth-connect").shadowRoot?.querySelector(".title").textContent);
      await isReady(tab);
      await browser.until(async () => (await shown()) === "Nicht verbunden", "the element, in German");
      await tab.click("button");
      await browser.until(async () => (await said())?.includes("completed"), "completed");
      assert.match(await said(), /^started opened (\w+ )*completed int_1$/);
      await browser.until(async () => (await shown()) === "Verbunden", "the element to say so");
      assert.deepEqual(site.violations, []);
      return site.requests;
    } catch (error) {
      assert.deepEqual(site.violations, [], error.message);
      throw error;
    } finally {
      await site.close();
    }
  }

  async function isReady(tab) {
    const ready = () => tab.run(() => document.body.dataset.ready);
    assert.equal(await browser.until(ready, "the module"), "ready");
  }

  for (const [name, build] of Object.entries(BUNDLERS)) {
    for (const isInline of [false, true]) {
      test(`it_works_with_${name.replaceAll(" ", "_")}${isInline ? "_and_the_module_inline" : ""}`, async () => {
        const app = await newApp(`${name.replaceAll(" ", "-")}${isInline ? "-inline" : ""}`, { isInline });
        const requests = await connects(await build(app, { isInline }));
        assert.equal(requests.some((path) => path.endsWith(".wasm")), !isInline);
      });
    }
  }

  test("it_works_on_the_development_server_of_vite", async () => {
    const app = await newApp("vite-dev");
    const { createServer: createVite } = await import("vite");
    const vite = await createVite({ root: app, configFile: false, logLevel: "error", server: { port: 0, host: "localhost" } });
    await vite.listen();
    await isReady(await browser.openTab(vite.resolvedUrls.local[0]));
    await vite.close();
  });

  test("a_policy_without_wasm_is_named_and_the_page_lives_on", async () => {
    const app = await newApp("blocked", { isInline: true });
    const site = await serveSite(await BUNDLERS.esbuild(app, { isInline: true }), { policy: () => "default-src 'self'" });
    const tab = await browser.openTab(`${site.origin}/`);
    assert.match(await browser.until(() => tab.run(() => document.body.dataset.ready), "an error"), /^wasm_blocked /u);
    await site.close();
  });

  test("its_classic_script_speaks_for_a_page_that_a_server_renders", async () => {
    const app = await newApp("classic");
    const directory = await BUNDLERS["an import map"](app, {});
    const attributes = 'data-provider="github" data-success="true" data-integration-id="int_1" data-flow-id="" data-error=""';
    await writeFile(join(directory, "callback.html"), `<!doctype html><script src="/node_modules/oauth-sync/dist/callback.global.js" ${attributes}></script>`);
    await connects(directory);
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
    const { stdout } = await exec("tar", ["-tzf", packed.tarball]);
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

  /** The document that says which browsers a file is for. */
  const documentOf = (file) => (/^element/.test(file) ? "docs/element.md" : file === "inline.js" ? "docs/hosts.md" : "README.md");

  test("is_in_the_syntax_of_the_oldest_browsers_that_the_documents_name", async () => {
    const options = { minify: true, charset: "utf8", legalComments: "none" };
    // esbuild takes a property of Unicode for one that may be newer than the browser; `Cc` is as old as they are.
    const supported = { "regexp-unicode-property-escapes": true };
    const scripts = (await built()).filter((file) => file.endsWith(".js"));
    assert.ok(scripts.length > 10);
    for (const file of scripts) {
      const [, ...versions] = /Chrome(?: and Edge)? ([\d.]+), Firefox ([\d.]+),?(?: and)? Safari ([\d.]+)/u.exec(await readFile(join(root, documentOf(file)), "utf8"));
      const target = ["chrome", "firefox", "safari"].map((name, index) => name + versions[index].replace(/\.$/u, ""));
      const code = await readFile(join(root, "dist", file), "utf8");
      const [asItIs, forThem] = await Promise.all(["esnext", target].map((target) => transform(code, { ...options, target, supported })));
      assert.ok(forThem.code === asItIs.code, `${file} is not in the syntax of ${target}`);
    }
  });

  test("passes_publint", async () => {
    await exec(bin("publint"), ["--strict", packed.tarball], { cwd: root });
  });

  test("passes_attw", async () => {
    await exec(bin("attw"), [packed.tarball, "--profile", "esm-only", "--exclude-entrypoints", "callback.global.js", "callback.html", "oauth_sync_bg.wasm"], { cwd: root });
  });
});
