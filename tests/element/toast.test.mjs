// `<oauth-toast>`: what it says, and that nobody is hurried.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, describe, test } from "node:test";
import { Browser } from "../e2e/harness/browser.mjs";
import { serveElementPage } from "./page/server.mjs";

const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const [TAB, ESCAPE] = ["\uE004", "\uE00C"];

describe("oauth-toast", () => {
  let browser;
  let page;
  let tab;
  before(async () => {
    [browser, page] = await Promise.all([Browser.start(), serveElementPage()]);
    tab = await browser.openTab(`${page.origin}/`);
  });
  after(async () => {
    await browser?.quit();
    await page?.close();
  });
  beforeEach(async () => {
    await tab.go(`${page.origin}/`);
    await tab.run(() => {
      window.sync = new window.FakeSync();
      const toast = document.createElement("oauth-toast");
      toast.sync = window.sync;
      toast.labels = { google: "Google Workspace" };
      const button = Object.assign(document.createElement("button"), { id: "before", textContent: "before" });
      document.body.append(button, toast);
    });
  });

  const put = (...args) => tab.run((...each) => window.sync.put(...each), ...args);
  const putConnection = (...args) => tab.run((...each) => window.sync.putConnection(...each), ...args);
  const says = () => tab.run(() => [...document.querySelector("oauth-toast").shadowRoot.querySelectorAll(".toast")].map((toast) => [...toast.querySelectorAll(".title, .detail, .act")].map(({ textContent }) => textContent)));
  const within = (selector) => tab.run((name) => document.querySelector("oauth-toast").shadowRoot.querySelector(name), selector);
  const over = (status, code) => ({ status, settledAt: 1, provisional: false, error: { code, message: "", retryable: true } });
  const completed = { status: "completed", settledAt: 1 };

  test("says_how_a_flow_ended_that_this_tab_began", async () => {
    await put("github", completed, "completed");
    await put("google", over("cancelled", "access_denied"), "cancelled");
    await put("microsoft", over("failed", "admin_consent_required"), "failed");
    await put("atlassian", over("expired", "expired"), "expired");
    assert.deepEqual(await says(), [
      ["GitHub: Connected", "GitHub is ready to use."],
      ["Google Workspace: Access was not granted", "Not what you meant? Try again.", "Try again"],
      ["Microsoft: An admin has to agree", "Ask an administrator to allow this app.", "Try again"],
      ["Atlassian: Not finished in time", "Start again when you are ready.", "Try again"],
    ]);
  });

  test("says_nothing_of_other_tabs_flows_and_of_what_the_person_has_just_done", async () => {
    await put("github", { ...completed, startedHere: false }, "completed");
    await put("google", { ...over("failed", "server_error"), startedHere: false }, "failed");
    await put("microsoft", over("cancelled", "cancelled_by_user"), "cancelled");
    await put("atlassian", { status: "pending", stage: "waiting", window: "open" }, "started");
    assert.deepEqual(await says(), []);
  });

  test("says_when_a_connection_has_to_be_made_again_and_takes_it_back_when_it_was", async () => {
    await putConnection("google", { state: "reauth_required", error: { code: "grant_rejected" } }, "reauth_required");
    assert.deepEqual(await says(), [["Connect Google Workspace again", "Google Workspace has ended the access.", "Connect again"]]);
    await putConnection("google", { state: "active" }, "refreshed");
    assert.deepEqual(await says(), []);
  });

  test("connects_again_in_the_click", async () => {
    await putConnection("github", { state: "reauth_required" }, "reauth_required");
    await (await within(".act")).click();
    assert.deepEqual([await tab.run(() => window.sync.calls), await says()], [[["start", "github", null, true]], []]);
  });

  test("replaces_what_is_no_longer_so", async () => {
    await put("github", over("failed", "server_error"), "failed");
    await put("github", completed, "completed");
    assert.deepEqual(await says(), [["GitHub: Connected", "GitHub is ready to use."]]);
    await put("github", { status: "pending", stage: "opening", window: "open" }, "started");
    assert.deepEqual(await says(), []);
  });

  test("stays_for_as_long_as_somebody_reads", async () => {
    await tab.run(() => {
      window.timers = 0;
      for (const name of ["setTimeout", "setInterval", "requestAnimationFrame"]) {
        const real = window[name];
        window[name] = (...args) => {
          window.timers += 1;
          return real.apply(window, args);
        };
      }
    });
    await put("github", completed, "completed");
    assert.deepEqual([await says(), await tab.run(() => window.timers)], [[["GitHub: Connected", "GitHub is ready to use."]], 0]);
  });

  test("goes_when_it_is_dismissed_and_gives_the_focus_back", async () => {
    await put("github", completed, "completed");
    await put("google", completed, "completed");
    await tab.run(() => document.querySelector("#before").focus());
    const keys = (key) => browser.driver.actions().sendKeys(key).perform();
    const focused = () => tab.run(() => (document.activeElement.shadowRoot?.activeElement ?? document.activeElement).ariaLabel ?? document.activeElement.id);
    await keys(TAB);
    assert.equal(await focused(), "Dismiss: GitHub");
    await keys(" ");
    assert.deepEqual([(await says()).length, await focused()], [1, "Dismiss: Google Workspace"]);
    await keys(ESCAPE);
    assert.deepEqual([(await says()).length, await focused()], [0, "before"]);
  });

  test("is_a_polite_region_that_is_there_before_its_news", async () => {
    const region = () => within(".notices").then((element) => tab.run(({ role, ariaLive, ariaLabel }) => [role, ariaLive, ariaLabel], element));
    assert.deepEqual(await region(), ["log", "polite", "Notices"]);
    await tab.run(() => {
      window.writes = 0;
      new MutationObserver((records) => (window.writes += records.length)).observe(document.querySelector("oauth-toast").shadowRoot, { subtree: true, childList: true, characterData: true });
    });
    await put("github", completed, "completed");
    assert.equal(await tab.run(() => window.writes), 1);
  });

  test("speaks_the_pages_language", async () => {
    await put("google", completed, "completed");
    await tab.run(() => (document.documentElement.lang = "de"));
    await browser.until(async () => (await says())[0][0] === "Google Workspace: Verbunden", "German");
    await tab.run(() => (document.documentElement.lang = "ar"));
    await browser.until(async () => (await says())[0][0].includes("متصل"), "Arabic");
    assert.equal(await within(".notices").then((element) => tab.run(({ dir }) => dir, element)), "rtl");
  });

  test("stands_still_for_people_who_want_no_motion", async () => {
    const moving = () => tab.run(() => document.querySelector("oauth-toast").shadowRoot.getAnimations().length);
    const motion = (value) => browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-reduced-motion", value }] });
    await motion("reduce");
    await put("github", completed, "completed");
    assert.equal(await moving(), 0);
    await motion("no-preference");
    await put("google", completed, "completed");
    assert.equal(await moving() > 0, true);
  });

  test("follows_the_default_where_it_has_no_sync_of_its_own", async () => {
    assert.deepEqual(await tab.run(() => {
      const toast = document.querySelector("oauth-toast");
      toast.sync = undefined;
      const before = window.sync.listeners;
      window.element.setDefaultSync(window.sync);
      return [before, window.sync.listeners];
    }), [0, 1]);
    await tab.run(() => document.querySelector("oauth-toast").remove());
    assert.equal(await tab.run(() => window.sync.listeners), 0);
  });

  for (const scheme of ["light", "dark"]) {
    test(`has_no_accessibility_fault_and_fits_360_px_${scheme}`, async () => {
      await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }] });
      await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width: 360, height: 800, deviceScaleFactor: 1, mobile: false });
      await put("github", completed, "completed");
      await putConnection("google", { state: "reauth_required" }, "reauth_required");
      await tab.run(axe);
      const faults = await tab.run(async () => (await window.axe.run({ rules: { region: { enabled: false }, "page-has-heading-one": { enabled: false } } })).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`));
      assert.deepEqual(faults, []);
      const { left, right } = await within(".notices").then((element) => tab.run((each) => each.getBoundingClientRect(), element));
      assert.equal(left >= 0 && right <= 360, true);
    });
  }
});
