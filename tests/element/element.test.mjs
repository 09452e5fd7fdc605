// `<oauth-connect>` in a real browser, under the strictest policy a page may have, with a stand-in for the module: states
// that take an hour to come about are looked at too. With the real module it is driven by tests/testing.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, describe, test } from "node:test";
import { Browser } from "../e2e/harness/browser.mjs";
import { serveElementPage } from "./page/server.mjs";
import { states } from "./states.mjs";

const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const ENTER = "\uE007";
const TAB = "\uE004";

describe("oauth-connect", () => {
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
    await emulate({});
    await tab.go(`${page.origin}/`);
  });

  const emulate = async ({ width = 1280, ...media }) => {
    const { scheme = "light", motion = "no-preference", forced = "none" } = media;
    const features = [
      { name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: motion },
      { name: "forced-colors", value: forced },
    ];
    await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features });
    await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: false });
  };
  const show = (state, attributes, id = "it") => tab.run((...args) => window.show(...args), id, typeof state === "string" ? states[state] : state, attributes);
  const showAll = async (attributes) => {
    await tab.run((all, ...args) => {
      for (const [name, state] of Object.entries(all)) window.show(name, { ...state, isOffline: false }, ...args);
    }, states, attributes);
    await texts();
  };
  const texts = () =>
    browser.until(() => tab.run(() => [...document.querySelectorAll("oauth-connect")].every(({ shadowRoot }) => shadowRoot.querySelector(".title").textContent)), "texts");
  const shown = () => tab.run(() => {
    const { shadowRoot, state } = document.querySelector("oauth-connect");
    const text = (selector) => shadowRoot.querySelector(selector).textContent;
    const actions = [...shadowRoot.querySelectorAll("button, a")].filter((each) => each.offsetParent !== null);
    const details = [...shadowRoot.querySelectorAll(".details")].filter((each) => each.checkVisibility({ visibilityProperty: true }));
    return { state, title: text(".title"), detail: details.map(({ textContent }) => textContent).join("").trim(), actions: actions.map((each) => each.textContent) };
  });
  const calls = () => tab.run(() => window.syncOf("it").calls);
  const press = (selector) => tab.run((name) => document.querySelector("oauth-connect").shadowRoot.querySelector(name), selector).then((button) => button.click());

  const says = [
    ["idle", "idle", "Not connected", ["Connect GitHub"]],
    ["opening", "opening", "Opening GitHub…", ["Show window", "Cancel"]],
    ["opening-elsewhere", "opening", "Opening GitHub…", ["Open again", "Cancel"]],
    ["waiting", "waiting", "Waiting for authorization…", ["Show window", "Cancel"]],
    ["waiting-elsewhere", "waiting", "Waiting for authorization…", ["Open again", "Cancel"]],
    ["confirming", "confirming", "Confirming…", ["Show window", "Cancel"]],
    ["slow", "slow", "Still waiting…", ["Show window", "Cancel"]],
    ["slow-elsewhere", "slow", "Still waiting…", ["Open again", "Cancel"]],
    ["closed", "closed", "The window was closed", ["Open again", "Cancel"]],
    ["blocked-no-link-yet", "blocked", "The window was blocked", ["Cancel"]],
    ["blocked", "blocked", "The window was blocked", ["Go to GitHub", "Cancel"]],
    ["doubtful", "doubtful", "Access was not granted", ["Try again", "Cancel"]],
    ["overdue", "overdue", "No answer so far", ["Try again", "Cancel"]],
    ["offline", "offline", "You are offline", ["Show window", "Cancel"]],
    ["offline-idle", "offline", "You are offline", ["Connect GitHub"]],
    ["connected", "connected", "Connected", ["Connect again"]],
    ["connected-before", "connected", "Connected", ["Connect again"]],
    ["connected-for-good", "connected", "Connected", ["Connect again"]],
    ["connected-until", "connected", "Connected", ["Connect again"]],
    ["connection-expired", "connection-expired", "Access has expired", ["Renew now", "Connect again"]],
    ["connection-expired-offline", "offline", "You are offline", ["Renew now", "Connect again"]],
    ["connection-over", "reconnect", "Connect GitHub again", ["Connect again"]],
    ["refresh-failed", "refresh-failed", "Not renewed yet", ["Renew now", "Connect again"]],
    ["reconnect-rejected", "reconnect", "Connect GitHub again", ["Connect again"]],
    ["reconnect-lost", "reconnect", "Connect GitHub again", ["Connect again"]],
    ["reconnect-no-token", "reconnect", "Connect GitHub again", ["Connect again"]],
    ["reconnect-other", "reconnect", "Connect GitHub again", ["Connect again"]],
    ["disconnected", "disconnected", "Disconnected", ["Connect GitHub"]],
    ["denied", "denied", "Access was not granted", ["Try again", "Dismiss"]],
    ["cancelled", "cancelled", "Cancelled", ["Try again", "Dismiss"]],
    ["expired", "expired", "Not finished in time", ["Try again", "Dismiss"]],
    ["failed", "failed", "GitHub had a problem", ["Try again", "Dismiss"]],
    ["failed-other", "failed", "The connection was not made", ["Try again", "Dismiss"]],
  ];
  for (const [name, state, title, actions] of says) {
    test(`says_what_is_and_what_to_do_when_${name.replaceAll("-", "_")}`, async () => {
      await show(name);
      const { detail, ...rest } = await shown();
      assert.deepEqual(rest, { state, title, actions });
      assert.notEqual(detail, "");
      assert.deepEqual(
        await tab.run((each) => [document.querySelectorAll(`oauth-connect:state(${each})`).length, document.querySelector("oauth-connect").shadowRoot.querySelector("[part~=base]").part.contains(each)], state),
        [1, true],
      );
    });
  }

  // Chrome 111 to 124: a custom state begins with two dashes there, and any other name throws.
  test("goes_on_where_the_browser_takes_no_such_custom_state", async () => {
    await tab.run(() => {
      CustomStateSet.prototype.add = (name) => {
        throw new DOMException(name, "SyntaxError");
      };
    });
    await show("waiting");
    assert.deepEqual((await shown()).actions, ["Show window", "Cancel"]);
    assert.equal(await tab.run(() => document.querySelector("oauth-connect").shadowRoot.querySelector("[part~=base]").part.contains("waiting")), true);
  });

  test("says_until_when_a_connection_lasts_that_nothing_can_renew", async () => {
    await show("connected-until");
    assert.equal((await shown()).detail, "Connect again when the time is up. 59 min left");
    for (const [expiresIn, time] of [[26 * 3_600_000, "26 hr left"], [9.5 * 24 * 3_600_000, "9 days left"]]) {
      await show({ flow: null, connection: { state: "active", refreshable: false, expiresIn: expiresIn + 5000 } });
      assert.equal((await shown()).detail, `Connect again when the time is up. ${time}`);
    }
  });

  test("renews_a_connection_when_asked_and_says_how_that_goes", async () => {
    await show("connection-expired");
    await press(".primary");
    await browser.until(async () => (await shown()).state === "refreshing", "the renewal");
    assert.deepEqual([(await shown()).title, await calls()], ["Renewing…", [["refresh", "int_1", true]]]);
    await press(".primary");
    assert.equal((await calls()).length, 1);
    await tab.run(() => document.querySelector("oauth-connect").remove());
    await show("connection-expired");
    await tab.run(() => (window.syncOf("it").refreshing = () => Promise.reject(Object.assign(new Error(), { code: "refresh_failed" }))));
    await press(".primary");
    await browser.until(async () => (await shown()).state === "refresh-failed", "the failure");
    await tab.run(() => window.syncOf("it").putConnection("github", { state: "active" }, "refreshed"));
    assert.equal((await shown()).state, "connected");
  });

  test("goes_by_the_connection_once_it_is_known", async () => {
    await show("connected");
    await tab.run(() => window.syncOf("it").putConnection("github", { state: "reauth_required", error: { code: "grant_rejected" } }, "reauth_required"));
    assert.deepEqual(await shown(), { state: "reconnect", title: "Connect GitHub again", detail: "GitHub has ended the access.", actions: ["Connect again"] });
    await tab.run(() => window.syncOf("it").putConnection("github"));
    assert.deepEqual([(await shown()).state, await tab.run(() => document.querySelector("oauth-connect").connected)], ["disconnected", false]);
    await tab.run(() => window.syncOf("it").put("github", { status: "pending", stage: "waiting", window: "open" }, "started"));
    assert.equal((await shown()).state, "waiting");
  });

  test("mirrors_what_becomes_of_its_connection", async () => {
    await show("idle");
    assert.deepEqual(await tab.run(() => {
      const seen = [];
      document.addEventListener("oauth-connection", ({ target, detail, composed }) => seen.push([target.id, detail.change, composed]));
      const sync = window.syncOf("it");
      sync.putConnection("github", { state: "active" }, "added");
      sync.putConnection("google", { state: "active" }, "added");
      sync.putConnection("github");
      return seen;
    }), [["it", "added", true], ["it", "disconnected", true]]);
  });

  test("says_that_the_module_cannot_run_and_why", async () => {
    await show("unavailable-blocked");
    await browser.until(async () => (await shown()).state === "unavailable", "the trouble");
    assert.deepEqual(await shown(), { state: "unavailable", title: "This page cannot connect", detail: "Tell whoever runs it: wasm_blocked.", actions: [] });
  });

  for (const scheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`has_no_accessibility_fault_in_any_state_at_${width}_${scheme}`, async () => {
        await emulate({ scheme, width });
        await showAll();
        await show("offline");
        await tab.run(() => Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations !== Infinity).map((each) => each.finished)));
        assert.deepEqual(await faults(), []);
      });
    }
  }
  for (const language of ["ar", "de", "ja"]) {
    test(`has_no_accessibility_fault_in_${language}`, async () => {
      await tab.run((lang) => (document.documentElement.lang = lang), language);
      await showAll();
      assert.deepEqual(await faults(), []);
    });
  }
  const faults = async () => {
    // The browser's own driver is outside of the page's policy, which has no say in this.
    await tab.run(axe);
    return tab.run(async () => {
      const { violations } = await window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], rules: { region: { enabled: false }, "page-has-heading-one": { enabled: false } } });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
    });
  };

  for (const language of ["en", "de", "ja", "ar"]) {
    test(`nothing_around_it_moves_when_the_state_changes_in_${language}`, async () => {
      await tab.run((lang) => (document.documentElement.lang = lang), language);
      await showAll();
      await holdsItsPlace();
      // As a wider font would have it.
      await tab.run(() => (document.body.style.letterSpacing = ".06em"));
      await holdsItsPlace();
    });
  }
  test("nothing_around_it_moves_whatever_the_apps_own_words_are", async () => {
    await showAll();
    await tab.run(() => {
      for (const host of document.querySelectorAll("oauth-connect")) {
        for (const slot of ["start", "connected", "help"]) {
          host.append(Object.assign(document.createElement("span"), { slot, textContent: `${slot} `.repeat(slot === "start" ? 1 : 30) }));
        }
      }
    });
    await holdsItsPlace();
  });
  const holdsItsPlace = async () => {
    for (const width of [360, 600, 1280]) {
      await emulate({ width });
      const heights = await tab.run(() => [...document.querySelectorAll("oauth-connect")].map(({ id, offsetHeight }) => [offsetHeight, id]));
      const [[usual]] = heights;
      assert.deepEqual(heights.filter(([height]) => height !== usual), [], `${width} px`);
      assert.equal(await tab.run(() => document.documentElement.scrollWidth <= innerWidth), true, `fits ${width} px`);
    }
  };

  test("opens_its_window_in_the_click", async () => {
    await show("idle", { target: "tab" });
    await press(".primary");
    assert.deepEqual(await calls(), [["start", "github", { target: "tab" }, true]]);
  });

  test("passes_on_what_start_is_to_be_given", async () => {
    await show("idle");
    await tab.run(() => (document.querySelector("oauth-connect").startOptions = { appState: { step: 2 } }));
    await press(".primary");
    assert.deepEqual(await calls(), [["start", "github", { target: "popup", appState: { step: 2 } }, true]]);
  });

  const presses = [
    ["waiting", ".primary", ["start", "github", { target: "popup" }, true]],
    ["waiting-elsewhere", ".primary", ["retry", "flow-0001", true]],
    ["closed", ".primary", ["retry", "flow-0001", true]],
    ["overdue", ".primary", ["retry", "flow-0001", true]],
    ["doubtful", ".primary", ["retry", "flow-0001", true]],
    ["denied", ".primary", ["start", "github", { target: "popup" }, true]],
    ["connected", ".secondary", ["start", "github", { target: "popup" }, true]],
    ["waiting", ".secondary", ["cancel", "flow-0001", true]],
    ["blocked", ".secondary", ["cancel", "flow-0001", true]],
    ["failed", ".secondary", ["dismiss", "flow-0001", true]],
  ];
  for (const [state, control, call] of presses) {
    test(`does_what_${control.slice(1)}_says_when_${state.replaceAll("-", "_")}`, async () => {
      await show(state);
      await press(control);
      assert.deepEqual(await calls(), [call]);
    });
  }

  test("does_nothing_by_a_button_that_rests", async () => {
    await show("confirming");
    await press(".primary");
    assert.deepEqual(await calls(), []);
  });

  test("goes_on_by_the_link_when_the_window_was_blocked", async () => {
    await show("blocked");
    assert.deepEqual(await tab.run(() => {
      const { href, target } = document.querySelector("oauth-connect").shadowRoot.querySelector("a");
      return [new URL(href).pathname, target];
    }), ["/oauth/start/github", "_blank"]);
    const opened = await browser.windowFrom(() => press("a"));
    await opened.close();
    await browser.until(async () => (await shown()).state === "waiting", "the person at the provider");
    assert.deepEqual((await shown()).actions, ["Open again", "Cancel"]);
  });

  test("never_links_to_what_is_no_web_address", async () => {
    await show({ flow: { status: "pending", stage: "opening", window: "blocked", href: "javascript:alert(1)" } });
    assert.deepEqual((await shown()).actions, ["Cancel"]);
    assert.equal(await tab.run(() => document.querySelector("oauth-connect").shadowRoot.querySelector("a").hasAttribute("href")), false);
  });

  test("can_be_worked_by_keyboard_alone", async () => {
    await show("idle");
    const keys = (key) => browser.driver.actions().sendKeys(key).perform();
    const focused = () => tab.run(() => document.activeElement.shadowRoot?.activeElement?.textContent);
    await keys(TAB);
    assert.equal(await focused(), "Connect GitHub");
    await keys(ENTER);
    await show("waiting");
    assert.equal(await focused(), "Show window");
    await keys(TAB);
    assert.equal(await focused(), "Cancel");
    await keys(" ");
    assert.deepEqual((await calls()).map(([name]) => name), ["start", "cancel"]);
  });

  test("keeps_the_focus_when_its_control_goes_but_on_nothing_that_acts", async () => {
    await show("overdue");
    await tab.run(() => document.querySelector("oauth-connect").focus());
    await show("connected");
    assert.equal(await tab.run(() => document.activeElement.shadowRoot.activeElement.className), "base good connected fresh");
    await browser.driver.actions().sendKeys(TAB).perform();
    assert.equal(await tab.run(() => document.activeElement.shadowRoot.activeElement.textContent), "Connect again");
    assert.equal(await tab.run(() => document.querySelector("oauth-connect").shadowRoot.querySelector(".base").hasAttribute("tabindex")), false);
  });

  test("announces_a_change_and_not_what_was_there_at_first", async () => {
    const report = () => tab.run(() => {
      const element = document.querySelector("oauth-connect").shadowRoot.querySelector(".report");
      return [element.role, element.ariaAtomic, element.ariaLive];
    });
    assert.deepEqual(await tab.run((state) => {
      window.show("it", state);
      return document.querySelector("oauth-connect").shadowRoot.querySelector(".report").ariaLive;
    }, states.idle), "off");
    await browser.until(async () => (await report())[2] === "polite", "the live region");
    assert.deepEqual(await report(), ["status", "true", "polite"]);
    await show("failed");
    assert.equal(await tab.run(() => document.querySelector("oauth-connect").shadowRoot.querySelector(".report").innerText.replace(/\s+/gu, " ")), "GitHub: GitHub had a problem Try again in a few minutes.");
  });

  test("writes_nothing_when_nothing_has_changed", async () => {
    await show("waiting");
    assert.equal(await tab.run(async () => {
      const watch = new MutationObserver(() => {});
      watch.observe(document.querySelector("oauth-connect").shadowRoot.querySelector(".report"), { subtree: true, childList: true, characterData: true });
      window.syncOf("it").put("github", { status: "pending", stage: "waiting", window: "open" });
      return watch.takeRecords().length;
    }), 0);
  });

  test("counts_the_minutes_that_are_left_without_announcing_them", async () => {
    const time = () => tab.run(() => {
      const { textContent, ariaLive } = document.querySelector("oauth-connect").shadowRoot.querySelector(".time");
      return [textContent, ariaLive];
    });
    await show("waiting");
    assert.deepEqual(await time(), ["59 min left", "off"]);
    await tab.run(() => window.syncOf("it").put("github", { status: "pending", stage: "waiting", window: "open", expiresAt: Date.now() + 60_400 }));
    assert.deepEqual(await time(), ["1 min left", "off"]);
    await browser.until(async () => (await time())[0] === "less than a minute left", "the last minute");
    await show("connected");
    assert.deepEqual(await time(), ["", "off"]);
  });

  test("comes_calmly_to_connected_and_stands_still_for_people_who_want_no_motion", async () => {
    const moving = () => tab.run(() => document.querySelector("oauth-connect").shadowRoot.getAnimations().filter((each) => !(each instanceof CSSTransition)).map((each) => each.animationName).sort());
    await show("waiting");
    assert.deepEqual(await moving(), ["turn"]);
    await show("connected");
    assert.deepEqual(await moving(), ["draw", "settle"]);
    await emulate({ motion: "reduce" });
    await show("waiting");
    assert.deepEqual(await moving(), []);
    await show("connected");
    assert.deepEqual(await moving(), []);
  });

  test("shows_a_connection_that_was_there_before_without_ado", async () => {
    await show("connected");
    assert.equal(await tab.run(() => document.querySelector("oauth-connect").shadowRoot.querySelector(".base").className), "base good connected");
  });

  test("notices_that_the_network_goes_and_comes_back", async () => {
    await show("waiting");
    const network = (isOnline) => tab.run((value) => {
      Object.defineProperty(navigator, "onLine", { value, configurable: true });
      dispatchEvent(new Event(value ? "online" : "offline"));
      return document.querySelector("oauth-connect").shadowRoot.querySelector(".title").textContent;
    }, isOnline);
    assert.equal(await network(false), "You are offline");
    assert.equal(await network(true), "Waiting for authorization…");
  });

  test("keeps_its_outlines_in_forced_colours", async () => {
    await emulate({ forced: "active" });
    await show("closed");
    const [button, text, icon] = await tab.run(() => {
      const { shadowRoot } = document.querySelector("oauth-connect");
      return [getComputedStyle(shadowRoot.querySelector(".primary")).borderColor, getComputedStyle(document.body).color, getComputedStyle(shadowRoot.querySelector(".icon")).stroke];
    });
    assert.equal(icon, text);
    assert.doesNotMatch(button, /rgba/u);
  });

  test("stays_connected_when_the_flow_is_swept_until_the_app_says_otherwise", async () => {
    await show("waiting");
    await tab.run(() => window.syncOf("it").put("github", { status: "completed", settledAt: 1 }, "completed"));
    assert.equal(await tab.run(() => document.querySelector("oauth-connect").connected), true);
    await tab.run(() => window.syncOf("it").put("github", null));
    assert.equal((await shown()).state, "connected");
    await tab.run(() => (document.querySelector("oauth-connect").connected = false));
    assert.equal((await shown()).state, "idle");
  });

  test("shows_no_connection_that_the_app_has_withdrawn", async () => {
    await tab.run((state) => window.show("it", state), states.waiting);
    await tab.run(() => window.syncOf("it").put("github", { status: "completed", settledAt: 1 }, "completed"));
    await tab.run(() => (document.querySelector("oauth-connect").connected = false));
    assert.equal((await shown()).state, "idle");
  });

  test("loads_a_language_only_when_the_page_is_in_it", async () => {
    page.requests.length = 0;
    await show("idle");
    assert.equal((await shown()).title, "Not connected");
    assert.deepEqual(page.requests.filter((path) => /\/(de|ja|ar)-/u.test(path)), []);
    await tab.run(() => (document.documentElement.lang = "de-AT"));
    await browser.until(async () => (await shown()).title === "Nicht verbunden", "German");
    assert.equal(page.requests.filter((path) => /\/(de|ja|ar)-/u.test(path)).length, 1);
    await tab.run(() => document.querySelector("oauth-connect").setAttribute("lang", "ja"));
    await browser.until(async () => (await shown()).title === "未接続", "Japanese");
    await tab.run(() => document.querySelector("oauth-connect").setAttribute("lang", "tlh"));
    await browser.until(async () => (await shown()).title === "Not connected", "English for want of a table");
  });

  test("is_mirrored_where_writing_goes_from_right_to_left", async () => {
    await show("waiting", { lang: "ar" });
    await texts();
    const [icon, title] = await tab.run(() => [".icon", ".title"].map((name) => document.querySelector("oauth-connect").shadowRoot.querySelector(name).getBoundingClientRect().left));
    assert.equal(icon > title, true);
    assert.equal((await shown()).detail.includes("\u2068GitHub\u2069"), true);
  });

  test("takes_a_table_of_the_apps_own", async () => {
    await show("idle");
    await tab.run(() => {
      const { english } = window.element;
      document.querySelector("oauth-connect").messages = { ...english, actions: { ...english.actions, connect: "Link {name}" } };
    });
    assert.deepEqual((await shown()).actions, ["Link GitHub"]);
    await tab.run(() => {
      document.querySelector("oauth-connect").messages = undefined;
      window.element.addMessages({ ...window.element.english, lang: "fr", states: { ...window.element.english.states, idle: { title: "Non connecté", detail: "" } } });
      document.querySelector("oauth-connect").lang = "fr-CH";
    });
    assert.equal((await shown()).title, "Non connecté");
  });

  test("mirrors_the_modules_events_of_its_provider", async () => {
    await show("idle");
    const heard = await tab.run(() => {
      const seen = [];
      for (const name of ["started", "window-closed", "completed", "changed", "removed"]) {
        document.addEventListener(`oauth-${name}`, ({ target, detail, composed }) => seen.push([name, target.id, detail.type, detail.flow.id, composed]));
      }
      const sync = window.syncOf("it");
      sync.put("github", { status: "pending", stage: "opening" }, "started");
      sync.put("atlassian", { status: "pending", stage: "opening" }, "started");
      sync.put("github", { status: "pending", stage: "waiting", window: "closed" }, "window_closed");
      sync.put("github", { status: "completed", settledAt: 1 }, "completed");
      return seen;
    });
    assert.deepEqual(heard, [
      ["started", "it", "started", "flow-0001", true],
      ["window-closed", "it", "window_closed", "flow-0001", true],
      ["completed", "it", "completed", "flow-0001", true],
    ]);
  });

  test("follows_the_default_where_it_has_no_sync_of_its_own", async () => {
    const [without, withDefault, withOwn] = await tab.run(() => {
      const host = document.createElement("oauth-connect");
      host.setAttribute("provider", "github");
      document.querySelector("main").append(host);
      const { disabled } = host.shadowRoot.querySelector(".primary");
      const [sync, own] = [new window.FakeSync(), new window.FakeSync()];
      sync.put("github", { status: "pending", stage: "waiting", window: "open" });
      window.element.setDefaultSync(sync);
      const withDefault = [host.state, sync.listeners];
      host.sync = own;
      return [disabled, withDefault, [host.state, sync.listeners, own.listeners]];
    });
    assert.deepEqual([without, withDefault, withOwn], [true, ["waiting", 1], ["idle", 0, 1]]);
  });

  test("takes_what_was_set_before_it_was_there", async () => {
    assert.deepEqual(await tab.run(() => {
      const host = document.implementation.createHTMLDocument().createElement("oauth-connect");
      const sync = new window.FakeSync();
      sync.put("github", { status: "pending", stage: "slow", window: "unknown" });
      Object.assign(host, { sync, provider: "github", startOptions: { width: 400 } });
      document.querySelector("main").append(host);
      return [host.state, host.startOptions.width, Object.hasOwn(host, "sync")];
    }), ["slow", 400, false]);
  });

  test("lets_go_of_everything_when_it_leaves_the_page_and_takes_it_up_again", async () => {
    await show("waiting");
    assert.deepEqual(await tab.run(() => {
      const host = document.querySelector("oauth-connect");
      const sync = window.syncOf("it");
      host.remove();
      const gone = sync.listeners;
      sync.put("github", { status: "completed", settledAt: 1 }, "completed");
      document.querySelector("main").append(host);
      return [gone, sync.listeners, host.state, host.shadowRoot.querySelector(".title").textContent];
    }), [0, 1, "connected", "Connected"]);
  });

  test("is_registered_once_also_when_it_comes_twice", async () => {
    assert.deepEqual(await tab.run(async () => {
      const second = await import("/second.js");
      const host = document.createElement("oauth-connect");
      host.provider = "github";
      document.querySelector("main").append(host);
      const sync = new window.FakeSync();
      sync.put("github", { status: "completed", settledAt: 1 });
      second.setDefaultSync(sync);
      return [second.OAuthConnect === window.element.OAuthConnect, host instanceof window.element.OAuthConnect, host.state];
    }), [false, true, "connected"]);
  });

  test("has_places_for_the_apps_own_words", async () => {
    await show("idle");
    const visible = () => tab.run(() => [...document.querySelector("oauth-connect").children].filter((each) => each.checkVisibility({ visibilityProperty: true })).map((each) => each.slot));
    await tab.run(() => {
      for (const slot of ["start", "label", "connected", "help"]) {
        const child = Object.assign(document.createElement("span"), { slot, textContent: slot });
        document.querySelector("oauth-connect").append(child);
      }
    });
    assert.deepEqual(await visible(), ["start", "label"]);
    await show("failed");
    assert.deepEqual(await visible(), ["start", "help"]);
    await show("connected");
    assert.deepEqual(await visible(), ["start", "connected"]);
  });

  test("shows_names_and_codes_as_text", async () => {
    await show({ flow: { status: "failed", settledAt: 1, provisional: false, error: { code: "<img src=x>$&", message: "", retryable: true } } }, { label: "<b>$&</b>" });
    const { detail, title } = await shown();
    assert.equal(detail, "Try again, or tell support: <img src=x>$&.");
    assert.equal(title, "The connection was not made");
    assert.equal(await tab.run(() => document.querySelector("oauth-connect").shadowRoot.querySelector(".base").ariaLabel), "<b>$&</b>");
  });

  test("lives_under_the_strictest_policy", async () => {
    await showAll();
    assert.deepEqual(await tab.run(() => window.violations), []);
  });
});
