// The callback pages to copy: the one in HTML, and those for servers that are here anyway. Those in Python are in tests/callbacks-python.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Browser } from "../e2e/harness/browser.mjs";
import { root } from "../package/harness/packed.mjs";
import { comesBack, file, serveApp } from "./harness.mjs";
import { callbackPageOf } from "./servers.mjs";

callbackPageOf("express", () => [process.execPath, [file("servers/express.mjs")]]);
callbackPageOf("fastify", () => [process.execPath, [file("servers/fastify.mjs")]]);
callbackPageOf("axum", () => [join(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/examples/callback_page"), []]);

describe("callback.html", () => {
  let browser;
  before(async () => (browser = await Browser.start()));
  after(() => browser?.quit());

  const serve = async (t, options) => {
    const site = await serveApp(undefined, options);
    t.after(() => site.close());
    return site;
  };

  const policies = { its_own_policy_alone: () => "default-src *; script-src * 'unsafe-inline'; style-src * 'unsafe-inline'", a_strict_policy_of_the_host: undefined };
  for (const [name, policy] of Object.entries(policies)) {
    test(`brings_a_person_back_under_${name}`, async (t) => {
      const site = await serve(t, policy && { policy: (html) => (html.includes("/app.js") ? "" : policy()) });
      assert.match(await comesBack(browser, site, "github"), /^started opened (\w+ )*completed int_github$/u);
      assert.match(await comesBack(browser, site, "denied"), /^started opened (\w+ )*cancelled( confirmed)?$/u);
      assert.deepEqual(site.violations, []);
    });
  }

  test("makes_no_success_of_an_address_that_anyone_can_write", async (t) => {
    const site = await serve(t);
    await browser.clear();
    const tab = await browser.openTab(`${site.origin}/`);
    await tab.run(() => window.sync.ready.then(() => {}));
    await browser.openTab(`${site.origin}/callback.html?provider=github&flow=made-up-flow&integration_id=int_evil`);
    await browser.until(() => site.requests.includes("/callback.html"), "the page");
    await tab.run(() => window.sync.check());
    assert.deepEqual(await tab.run(() => window.said), []);
  });

  test("says_that_it_may_be_closed_where_it_cannot_close_itself_and_that_there_is_nothing_to_do_without_a_notice", async (t) => {
    const site = await serve(t);
    const shown = async (query) => {
      const tab = await browser.openTab(`${site.origin}/`);
      await tab.run((address) => location.assign(address), `/callback.html${query}`);
      await browser.until(() => tab.run(() => document.querySelector("main")?.innerText.trim() !== ""), "a text");
      return tab.run(() => document.querySelector("main").innerText.trim());
    };
    assert.match(await shown("?provider=github&flow=flow-0001"), /^You may close this window/u);
    assert.match(await shown(""), /^There is nothing to do here/u);
  });

  test("needs_no_other_file", async () => {
    const page = await readFile(join(root, "dist/callback.html"), "utf8");
    assert.doesNotMatch(page, /\b(src|href)=|@import|\bimport\b/u);
  });
});
