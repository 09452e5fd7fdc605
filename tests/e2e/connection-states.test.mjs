// The connections page in each state that a connection can have, with a stand-in for the module, so that those which take
// weeks to come about are looked at too.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, describe, test } from "node:test";
import { Browser } from "./harness/browser.mjs";
import { connectionStates } from "./harness/connection-states.mjs";
import { servePageDouble } from "./harness/page-double.mjs";
import { placeOf } from "./harness/suite.mjs";

const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

describe("connection states", placeOf("connection states"), () => {
  let browser;
  let page;
  let tab;
  before(async () => {
    [browser, page] = await Promise.all([Browser.start(), servePageDouble()]);
    tab = await browser.openTab(`${page.origin}/connections.html`);
  });
  after(async () => {
    await browser?.quit();
    await page?.close();
  });
  beforeEach(() => tab.go(`${page.origin}/connections.html`));

  const show = (connections = connectionStates) => tab.run((list) => window.showConnections(list), connections);
  const facts = (index) => tab.run((at) => {
    const element = document.querySelectorAll(".connection")[at];
    return [...element.querySelectorAll("dd")].map(({ textContent }) => textContent);
  }, index);
  const actions = (index) => tab.run((at) => {
    const element = document.querySelectorAll(".connection")[at];
    return [...element.querySelectorAll("button")].filter((each) => each.offsetParent !== null).map(({ textContent }) => textContent);
  }, index);

  for (const scheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`have_no_accessibility_fault_at_${width}_${scheme}`, async () => {
        await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }] });
        await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: false });
        await show();
        await tab.run(axe);
        const faults = await tab.run(async () => (await window.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`));
        assert.deepEqual(faults, []);
        assert.equal(await tab.run(() => document.documentElement.scrollWidth <= innerWidth), true);
      });
    }
  }

  test("say_the_scopes_the_age_the_expiry_the_last_refresh_and_the_last_error", async () => {
    await show();
    const [scopes, age, expiry, refresh, validity, error] = await facts(0);
    assert.deepEqual([scopes, age, refresh, validity, error], ["read:user, repo", "3 days ago", "5 minutes ago, worked", "Not asked yet", "None"]);
    assert.match(expiry, /^in 54 min \d\d s$/u);
    assert.deepEqual((await facts(1)).slice(1), ["40 days ago", "12 minutes ago", "Did not work; before that 2 hours ago", "Not asked yet", "The connection could not be refreshed. (refresh_failed)"]);
    assert.deepEqual((await facts(2)).slice(1), ["2 hours ago", "1 hour ago", "Did not work", "Not asked yet", "The provider has ended the access. (grant_rejected)"]);
    assert.match((await facts(3))[2], /^in 1 d 1 h, and cannot be refreshed$/u);
  });

  test("offer_what_helps", async () => {
    await show();
    assert.deepEqual(await Promise.all([0, 1, 2, 3].map(actions)), [["Refresh now", "Disconnect"], ["Disconnect"], ["Disconnect"], ["Disconnect"]]);
  });

  test("refresh_once_however_often_it_is_pressed", async () => {
    await show();
    await tab.run(() => {
      window.refreshing = new Promise((resolve) => (window.finish = resolve));
    });
    await tab.click("[data-act=refresh]");
    assert.equal(await tab.run(() => document.querySelector("[data-act=refresh]").getAttribute("aria-disabled")), "true");
    await tab.run(() => {
      window.refreshed = undefined;
      document.querySelector("[data-act=refresh]").click();
    });
    assert.equal(await tab.run(() => window.refreshed), null);
    await tab.run(() => window.finish());
    await browser.until(() => tab.run(() => document.querySelector("[data-part=outcome]").textContent === "Refreshed."), "the outcome");
  });

  for (const [code, words] of [["refresh_failed", /did not work this time/u], ["reconnect_required", /connect again/u], ["removed", /is gone/u], ["closed", /did not work/u]]) {
    test(`tell_a_refresh_that_ends_with_${code}_in_words`, async () => {
      await show();
      await tab.run((each) => {
        window.refreshing = Promise.reject(Object.assign(new Error(), { code: each }));
        window.refreshing.catch(() => {});
      }, code);
      await tab.click("[data-act=refresh]");
      await browser.until(async () => words.test(await tab.run(() => document.querySelector("[data-part=outcome]").textContent)), "the words");
    });
  }

  test("keep_the_focus_where_the_end_of_a_connection_is_told", async () => {
    await show();
    await tab.run(() => document.querySelector("[data-act=disconnect]").focus());
    await show(connectionStates.slice(1));
    assert.equal(await tab.run(() => document.activeElement.textContent), "Disconnected elsewhere.");
  });

  test("begin_anew_when_it_is_made_again", async () => {
    await show();
    await show(connectionStates.slice(1));
    await show();
    assert.deepEqual(await tab.run(() => [document.querySelectorAll(".over").length, document.querySelectorAll(".connection").length]), [0, 4]);
  });
});
