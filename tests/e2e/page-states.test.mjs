// The demo page in each state that a card can have, with a stand-in for the module, so that states which take an hour to
// come about are looked at too. That the real module brings them about is the subject of the other files.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { startProvider } from "../provider/provider.mjs";
import { Browser } from "./harness/browser.mjs";
import { servePageDouble } from "./harness/page-double.mjs";
import { pageStates } from "./harness/page-states.mjs";
import { placeOf } from "./harness/suite.mjs";

const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const schemes = ["light", "dark"];
const widths = [360, 1280];

describe("page states", placeOf("page states"), () => {
  let browser;
  let page;
  let tab;
  before(async () => {
    [browser, page] = await Promise.all([Browser.start(), servePageDouble()]);
    tab = await browser.openTab(`${page.origin}/`);
  });
  after(async () => {
    await browser?.quit();
    await page?.close();
  });

  const emulate = async ({ scheme = "light", width = 1280, motion = "no-preference" }) => {
    const features = [{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: motion }];
    await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features });
    await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: false });
  };
  const show = (provider, name) => tab.run((...args) => window.show(...args), provider, pageStates[name]);
  const card = (provider = "github") => tab.run((slug) => {
    const element = document.querySelector(`[data-provider="${slug}"]`);
    const visible = [...element.querySelectorAll("button, a")].filter((each) => each.offsetParent !== null);
    return { status: element.querySelector(".status").textContent.replace(/\s+/gu, " ").trim(), actions: visible.map((each) => each.textContent) };
  }, provider);

  for (const scheme of schemes) {
    for (const width of widths) {
      test(`has_no_accessibility_fault_in_any_state_at_${width}_${scheme}`, async () => {
        await tab.go(`${page.origin}/`);
        await emulate({ scheme, width });
        const names = Object.keys(pageStates);
        const providers = ["github", "atlassian", "microsoft", "google"];
        await tab.run(axe);
        for (let first = 0; first < names.length; first += providers.length) {
          for (const [index, name] of names.slice(first, first + providers.length).entries()) await show(providers[index], name);
          // A button on its way from one colour to another has neither's contrast.
          await tab.run(() => Promise.all(document.getAnimations().filter((each) => each instanceof CSSTransition).map((each) => each.finished)));
          const faults = await tab.run(async () => {
            const { violations } = await window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
            return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
          });
          assert.deepEqual(faults, []);
        }
      });
    }
  }

  for (const width of widths) {
    test(`nothing_moves_when_the_state_changes_at_${width}`, async () => {
      await tab.go(`${page.origin}/`);
      await emulate({ width });
      const places = () => tab.run(() => [...document.querySelectorAll(".card, .actions, .tools li, .title")].map((element) => {
        const { left, top, height } = element.getBoundingClientRect();
        return [element.classList.item(0) === "on" ? "" : element.className, Math.round(left), Math.round(top), Math.round(height)].join(" ");
      }));
      await show("github", "none");
      const atFirst = await places();
      for (const name of Object.keys(pageStates)) {
        for (const provider of ["github", "microsoft"]) await show(provider, name);
        assert.deepEqual(await places(), atFirst, name);
        assert.equal(await tab.run(() => document.documentElement.scrollWidth <= innerWidth), true, `${name} fits the width`);
      }
    });
  }

  const says = [
    ["none", "GitHub: Not connected", ["Connect"]],
    ["waiting", /GitHub: Waiting for authorization…/u, ["Show window", "Cancel"]],
    ["waiting-elsewhere", /Waiting for authorization…/u, ["Open again", "Cancel"]],
    ["confirming", /Confirming…/u, ["Cancel"]],
    ["slow", /Still waiting…/u, ["Show window", "Cancel"]],
    ["slow-elsewhere", /Still waiting…/u, ["Open again", "Cancel"]],
    ["overdue", /No answer so far/u, ["Try again", "Cancel"]],
    ["closed", /The window was closed/u, ["Open again", "Cancel"]],
    ["blocked", /Popup blocked/u, ["Open sign-in", "Cancel"]],
    ["connected", /Connected/u, ["Connect again"]],
    ["denied", /Access was denied Nothing was connected\./u, ["Try again", "Dismiss"]],
    ["expired", /The time ran out/u, ["Try again", "Dismiss"]],
  ];
  for (const [name, status, actions] of says) {
    test(`says_what_a_person_can_do_when_${name.replaceAll("-", "_")}`, async () => {
      await tab.go(`${page.origin}/`);
      await show("github", name);
      const shown = await card();
      if (typeof status === "string") assert.equal(shown.status, status);
      else assert.match(shown.status, status);
      assert.deepEqual(shown.actions, actions);
    });
  }

  test("has_no_button_that_asks_for_the_status", async () => {
    for (const name of Object.keys(pageStates)) {
      await show("github", name);
      for (const action of (await card()).actions) assert.doesNotMatch(action, /status|check|refresh/iu);
    }
  });

  test("keeps_the_focus_in_the_card_when_its_control_goes", async () => {
    await tab.go(`${page.origin}/`);
    await show("github", "overdue");
    await tab.run(() => document.querySelector(`[data-provider="github"] [data-part="leave"]`).focus());
    await show("github", "connected");
    assert.equal(await tab.run(() => document.activeElement.textContent), "Connect again");
  });

  test("announces_only_what_changed", async () => {
    await tab.go(`${page.origin}/`);
    await show("github", "waiting");
    const writes = await tab.run(async () => {
      const seen = [];
      const watch = new MutationObserver((records) => seen.push(...records));
      watch.observe(document.querySelector(".cards"), { subtree: true, childList: true, characterData: true });
      window.show("github", { status: "pending", stage: "waiting", window: "open" });
      await new Promise((resolve) => setTimeout(resolve));
      watch.disconnect();
      return seen.length;
    });
    assert.equal(writes, 0);
    assert.equal(await tab.run(() => document.querySelectorAll(".card .status[role=status][aria-live=polite]").length), 4);
  });

  test("stands_still_for_people_who_want_no_motion", async () => {
    await tab.go(`${page.origin}/`);
    await emulate({ motion: "reduce" });
    await show("github", "waiting");
    assert.equal(await tab.run(() => document.getAnimations().length), 0);
    await emulate({});
    assert.equal(await tab.run(() => document.getAnimations().length), 1);
  });

  test("remembers_how_to_open_windows_in_its_address", async () => {
    await tab.go(`${page.origin}/`);
    await tab.run(() => {
      const mode = document.querySelector("#mode");
      mode.value = "redirect";
      mode.dispatchEvent(new Event("change"));
    });
    assert.equal((await tab.url()).search, "?mode=redirect");
    await tab.reload();
    assert.equal(await tab.run(() => document.querySelector("#mode").value), "redirect");
  });

  test("can_be_worked_by_keyboard_alone", async () => {
    await tab.go(`${page.origin}/`);
    await tab.run(() => document.querySelector("#mode").focus());
    const { driver } = browser;
    const press = (key) => driver.actions().sendKeys(key).perform();
    await press("\uE004");
    await press("\uE004");
    assert.equal(await tab.run(() => document.activeElement.closest(".card")?.dataset.provider), "github");
    await press("\uE007");
    assert.match((await card()).status, /Waiting for authorization/u);
    assert.equal(await tab.run(() => document.activeElement.textContent), "Show window");
  });

  test("tells_when_the_module_cannot_run_and_lives_on", async () => {
    await tab.go(`${page.origin}/?refuse=wasm_blocked`);
    assert.match(await tab.run(() => document.querySelector("#trouble").textContent), /wasm_blocked/u);
    assert.equal(await tab.run(() => document.querySelectorAll(".card button:disabled").length), 4);
    await tab.run(() => {
      const mode = document.querySelector("#mode");
      mode.value = "tab";
      mode.dispatchEvent(new Event("change"));
    });
    assert.equal((await tab.url()).searchParams.get("mode"), "tab");
  });

  test("provider_pages_have_no_accessibility_fault", async () => {
    const provider = await startProvider({ app: page.origin });
    try {
      for (const scheme of schemes) {
        await emulate({ scheme, width: 360 });
        const authorization = new URLSearchParams({
          client_id: "demo-github",
          redirect_uri: `${page.origin}/oauth/callback/github`,
          response_type: "code",
          scope: "openid",
          code_challenge: "a".repeat(43),
          code_challenge_method: "S256",
        });
        const check = async () => {
          await tab.run(axe);
          return tab.run(async () => (await window.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`));
        };
        await tab.go(`${provider.issuer}/auth?${authorization}`);
        await tab.shows("#sign-in, #allow");
        assert.deepEqual(await check(), []);
        await tab.signIn();
        assert.deepEqual(await check(), []);
        assert.equal(await tab.run(() => document.documentElement.scrollWidth <= innerWidth), true);
        assert.match(await tab.run(() => document.body.textContent), /Local stand-in for GitHub/u);
      }
    } finally {
      await provider.close();
    }
  });
});
