// React, Vue and Svelte, real ones, around the real module: on a server, in hydration, and in a page where a person clicks.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { By } from "selenium-webdriver";
import { Browser } from "../e2e/harness/browser.mjs";
import { serveBindings } from "./page/server.mjs";
import { renderAll } from "./rendered.mjs";

const markup = await renderAll();

for (const framework of Object.keys(markup)) {
  test(`${framework}_renders_no_flow_on_a_server`, () => {
    assert.match(markup[framework], /<p id="status">(<!--.*?-->)?none/u);
    assert.match(markup[framework], /<p id="count">(<!--.*?-->)?0/u);
  });
}

describe("bindings", () => {
  let browser;
  let pages;
  let tab;
  before(async () => {
    [browser, pages] = await Promise.all([Browser.start(), serveBindings(markup)]);
  });
  after(async () => {
    await browser?.quit();
    await pages?.close();
  });

  afterEach(() => assert.deepEqual(pages.violations.splice(0), []));

  const open = async (framework, query = "") => {
    await browser.clear();
    tab = await browser.openTab(`${pages.origin}/${framework}${query}`);
    await tab.run(() => localStorage.clear());
    await tab.reload();
    await tab.run(() => window.sync.ready.then(() => {}));
  };
  const text = (id) => tab.run((name) => document.getElementById(name)?.textContent, id);
  const shows = (status) => browser.until(async () => (await text("status")) === status, `${status}`);
  const click = async (id) => {
    await browser.driver.switchTo().window(tab.handle);
    await browser.driver.findElement(By.css(`#${id}`)).click();
  };
  const settle = (reply) => tab.run((each) => window.settle("github", each), reply);

  for (const framework of Object.keys(markup)) {
    test(`${framework}_follows_a_flow_from_the_click_to_connected`, async () => {
      await open(framework);
      await tab.run(() => void window.mount());
      await shows("none");
      const popup = await browser.windowFrom(() => click("start"));
      await shows("pending");
      assert.equal(await text("count"), "1");
      await popup.close();
      await settle({ status: "completed", integrationId: "int_1" });
      await shows("completed");
      await click("dismiss");
      await shows("none");
      assert.deepEqual(await tab.run(() => window.errors), []);
    });

    test(`${framework}_acts_on_the_newest_flow`, async () => {
      await open(framework);
      await tab.run(() => void window.mount());
      await shows("none");
      await click("retry");
      await click("cancel");
      await browser.windowFrom(() => click("start"));
      await shows("pending");
      await click("cancel");
      await shows("cancelled");
      await browser.windowFrom(() => click("retry"));
      await shows("pending");
      assert.equal(await text("count"), "2");
    });

    test(`${framework}_leaves_no_listener_behind`, async () => {
      await open(framework);
      await tab.run(() => void window.mount());
      await browser.until(() => tab.run(() => window.listenersOf() > 0), "listeners");
      await tab.run(() => void window.unmount());
      await browser.until(() => tab.run(() => window.listenersOf() === 0), "none");
    });

    test(`${framework}_shows_after_a_reload_what_is_stored`, async () => {
      // Mounted before the module is there, and so before the flow is; no event says that it has come.
      await open(framework, "?mounted");
      await tab.run(() => void window.sync.start("github", { target: "tab" }));
      await shows("pending");
      await settle({ status: "completed" });
      await shows("completed");
      await tab.reload();
      await shows("completed");
    });

    test(`${framework}_takes_over_what_a_server_has_rendered_though_there_is_a_flow_by_now`, async () => {
      await open(framework, "?rendered");
      await tab.run(() => void window.sync.start("github", { target: "tab" }));
      await browser.until(() => tab.run(() => window.sync.flows().length === 1), "a flow");
      await tab.run(() => void window.hydrate());
      await shows("pending");
      assert.deepEqual(await tab.run(() => window.errors), []);
    });
  }

  for (const framework of ["react", "vue"]) {
    test(`${framework}_says_what_is_missing_where_nobody_gave_an_instance`, async () => {
      await open(framework);
      await tab.run(() => void window.mountAlone());
      await browser.until(async () => (await tab.run(() => window.errors)).length > 0, "an error");
      assert.match((await tab.run(() => window.errors))[0], /^oauth-sync: no /u);
    });
  }

  test("react_renders_again_only_for_its_own_provider_and_keeps_its_functions", async () => {
    await open("react");
    await tab.run(() => void window.mountCounted());
    await browser.until(() => text("counted-github"), "the components");
    const before = await tab.run(() => ({ ...window.renders }));
    await tab.run(() => void window.sync.start("google", { target: "tab" }));
    await browser.until(async () => (await text("counted-google"))?.startsWith("pending"), "pending");
    assert.equal(await text("length"), "1");
    const now = await tab.run(() => window.renders);
    assert.equal(now.github, before.github);
    assert.equal(now.google > before.google, true);
    assert.equal(await text("counted-google"), "pending true");
  });

  test("react_shows_one_state_of_a_flow_that_changes_in_the_middle_of_a_concurrent_render", async () => {
    await open("react");
    await tab.run(() => void window.mountGrowing());
    await browser.until(() => tab.run(() => typeof window.grow === "function"), "the component");
    await tab.run(() => {
      window.grow(40);
      setTimeout(() => window.sync.start("github", { target: "tab" }), 60);
    });
    await browser.until(() => tab.run(() => [...document.querySelectorAll("i")].filter((each) => each.textContent === "pending").length === 40), "all of them");
    assert.deepEqual((await tab.run(() => window.commits)).filter((shown) => shown.length > 1), []);
  });

  test("vue_follows_outside_of_components_and_stops_with_its_scope", async () => {
    await open("vue");
    await tab.run(() => void window.sync.start("github", { target: "tab" }));
    await browser.until(() => tab.run(() => window.sync.flows().length === 1), "a flow");
    assert.deepEqual(await tab.run(() => window.inScope()), [null, "github", 1, 2, 0]);
  });

  test("svelte_tells_only_of_what_has_changed", async () => {
    await open("svelte");
    const count = await tab.run(() => window.tellings(async () => {
      window.sync.start("google", { target: "tab" });
      await window.sync.check();
      window.settle("google", { status: "completed" });
      await window.sync.check();
    }));
    assert.equal(count, 1);
  });
});
