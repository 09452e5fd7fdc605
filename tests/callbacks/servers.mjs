/** What the callback page of each server has to do, by request and in the browser. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser } from "../e2e/harness/browser.mjs";
import { comesBack, providerAnswer, serveApp, startServer } from "./harness.mjs";

/** `command()`: what runs the server, as `[command, args, env]`. */
export function callbackPageOf(name, command) {
  describe(`the callback page for ${name}`, () => {
    let server;
    let site;
    let browser;
    before(async () => {
      server = await startServer(...command());
      [site, browser] = await Promise.all([serveApp(server, { callback: providerAnswer }), Browser.start()]);
    });
    after(async () => {
      await browser?.quit();
      await site?.close();
      await server?.stop();
    });

    const ask = (path) => fetch(`${server.url}/oauth/callback/${path}`);

    test(`${name}_answers_with_a_page_that_no_cache_keeps_and_that_stays_with_its_opener`, async () => {
      const { status, headers } = await ask("github?code=good&state=flow-0001");
      assert.equal(status, 200);
      assert.match(headers.get("content-type"), /^text\/html; charset=utf-8$/iu);
      assert.equal(headers.get("cache-control"), "no-store");
      assert.equal(headers.get("cross-origin-opener-policy"), "unsafe-none");
      assert.equal(headers.get("referrer-policy"), "no-referrer");
      assert.match(headers.get("content-security-policy"), /^default-src 'none'; script-src 'self'/u);
    });

    test(`${name}_says_what_became_of_it_and_never_the_code`, async () => {
      const good = await (await ask("github?code=good&state=flow-0001")).text();
      for (const part of ['data-provider="github"', 'data-success="true"', 'data-flow-id="flow-0001"', 'data-integration-id="int_github"', 'data-error=""']) assert.ok(good.includes(part), part);
      assert.doesNotMatch(good, /code=|"good"/u);
      const bad = await (await ask("github?error=access_denied&state=flow-0001")).text();
      for (const part of ['data-success="false"', 'data-error="access_denied"', 'data-integration-id=""']) assert.ok(bad.includes(part), part);
    });

    test(`${name}_lets_nobody_write_into_the_page`, async () => {
      const hostile = `"'><img src=x onerror=alert(1)>`;
      const page = await (await ask(`${encodeURIComponent(hostile)}?error=${encodeURIComponent(hostile)}&state=${encodeURIComponent(hostile)}`)).text();
      assert.doesNotMatch(page, /<img|"'|'>/u);
      assert.equal(page.match(/<script/gu)?.length, 1);
    });

    test(`${name}_brings_a_person_back_to_the_app`, async () => {
      assert.match(await comesBack(browser, site, "github"), /^started opened (\w+ )*completed int_github$/u);
      assert.match(await comesBack(browser, site, "denied"), /^started opened (\w+ )*cancelled( confirmed)?$/u);
      assert.deepEqual(site.violations, []);
    });
  });
}
