// Setting up: at least one connection before it goes on, by popup and by redirect, and what comes back after one.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();
const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

const step = (tab) => tab.run(() => document.querySelector("[data-step]:not([hidden])")?.dataset.step);
const isAt = (tab, name) => tab.browser.until(async () => (await step(tab)) === name, `${tab.name} at ${name}`);
const chips = (tab, selector) => tab.run((each) => [...document.querySelectorAll(`[data-step="connect"] .service .chip${each}`)].map(({ textContent }) => textContent), selector);
const says = (tab, provider, text) =>
  tab.browser.until(
    () => tab.run((...args) => document.querySelector(`oauth-connect[provider="${args[0]}"]`).shadowRoot.querySelector(".words").textContent.includes(args[1]), provider, text),
    `${provider} to say ${text}`,
  );
/** The element's own button, which a driver does not find by a selector of the page's. */
async function press(tab, provider) {
  const button = await tab.run((slug) => document.querySelector(`oauth-connect[provider="${slug}"]`).shadowRoot.querySelector(".primary:not([hidden])"), provider);
  await button.click();
}
const connect = (tab, provider) => tab.browser.windowFrom(() => press(tab, provider));

async function openAtConnect(open, { tools = [], query } = {}) {
  const tab = await open({ path: "/onboarding.html", query });
  await isAt(tab, "choose");
  for (const tool of tools) await tab.click(`.choices [value="${tool}"]`);
  await tab.click(`[data-step="choose"] button`);
  await isAt(tab, "connect");
  return tab;
}

/** To the provider and back in this tab. */
async function byRedirect(tab, provider, answer) {
  await press(tab, provider);
  await tab[answer]();
  await tab.browser.until(async () => (await tab.url()).pathname.endsWith(".html"), "the app again");
  await tab.ready();
}

scenario("goes_on_once_one_tool_is_connected_and_says_so_before", async ({ open }) => {
  const tab = await openAtConnect(open, { tools: ["jira", "drive"] });
  assert.deepEqual(await chips(tab, ".chosen"), ["Jira", "Drive"]);
  await tab.click("#next");
  assert.equal(await step(tab), "connect");
  assert.deepEqual(await tab.run(() => [document.querySelector("#need").textContent, document.querySelector("#next").getAttribute("aria-disabled")]), ["Connect at least one of them to go on.", "true"]);
  await (await connect(tab, "atlassian")).allow();
  await says(tab, "atlassian", "Connected");
  assert.deepEqual(await chips(tab, ".on"), ["Jira", "Confluence"]);
  await tab.click("#next");
  await isAt(tab, "done");
  assert.deepEqual(await tab.run(() => [...document.querySelectorAll("#connected li")].map(({ textContent }) => textContent)), ["Jira", "Confluence"]);
  assert.equal(await tab.run(() => document.activeElement.id), "done-title");
});

scenario("says_of_what_is_not_there_yet_that_it_is_coming_soon", async ({ open }) => {
  const tab = await open({ path: "/onboarding.html" });
  await isAt(tab, "choose");
  assert.deepEqual(await tab.run(() => [...document.querySelectorAll(".choices .soon")].map((label) => [label.innerText.replace(/\s+/gu, " ").trim(), label.control.disabled])), [["Slack Coming soon", true], ["Notion Coming soon", true], ["Linear Coming soon", true]]);
});

scenario("a_redirect_comes_back_to_the_step_and_to_what_was_chosen", async ({ open }) => {
  const tab = await openAtConnect(open, { tools: ["github", "teams"], query: { mode: "redirect" } });
  await byRedirect(tab, "github", "allow");
  await isAt(tab, "connect");
  await says(tab, "github", "Connected");
  assert.deepEqual([await chips(tab, ".chosen"), await chips(tab, ".on")], [["Repositories", "Teams"], ["Repositories"]]);
  assert.equal((await tab.url()).searchParams.has("resume"), false);
  await tab.reload();
  await isAt(tab, "connect");
  assert.deepEqual(await chips(tab, ".chosen"), ["Repositories", "Teams"]);
  await tab.click("#next");
  await isAt(tab, "done");
});

scenario("a_redirect_that_took_more_than_15_minutes_ends_in_settings_with_a_word_why", async ({ open, world }) => {
  const tab = await openAtConnect(open, { tools: ["github"], query: { mode: "redirect" } });
  await press(tab, "github");
  await tab.signIn();
  world.front.faults.app = ["sixteen-minutes-later"];
  await tab.allow();
  await tab.browser.until(async () => (await tab.url()).pathname === "/connections.html", "settings");
  await tab.browser.until(() => tab.run(() => /15 minutes/u.test(document.querySelector("#word").textContent)), "the word why");
});

scenario("fourteen_minutes_are_not_too_late", async ({ open, world }) => {
  const tab = await openAtConnect(open, { tools: ["github"], query: { mode: "redirect" } });
  await press(tab, "github");
  await tab.signIn();
  world.front.faults.app = ["fourteen-minutes-later"];
  await tab.allow();
  await tab.browser.until(async () => (await tab.url()).pathname === "/onboarding.html", "the page again");
  await isAt(tab, "connect");
});

for (const mode of ["popup", "redirect"]) {
  scenario(`a_denial_is_told_in_its_place_by_${mode}`, async ({ open }) => {
    const tab = await openAtConnect(open, { query: { mode } });
    if (mode === "redirect") await byRedirect(tab, "google", "deny");
    else await (await connect(tab, "google")).deny();
    await says(tab, "google", "Access was not granted");
    assert.equal(await tab.run(() => document.querySelector("#next").getAttribute("aria-disabled")), "true");
  });

  // As Microsoft says it: in the description alone.
  scenario(`an_administrator_who_has_to_agree_is_told_in_its_place_by_${mode}`, async ({ open, world }) => {
    world.provider.control.set({ refusal: { error: "access_denied", error_description: "AADSTS90094: admin consent" } });
    const tab = await openAtConnect(open, { query: { mode } });
    await press(tab, "microsoft");
    await says(tab, "microsoft", "An admin has to agree");
    assert.equal(await step(tab), "connect");
  });
}

scenario("nobody_gets_past_it_by_an_address_or_by_going_forward", async ({ open }) => {
  const tab = await openAtConnect(open);
  await tab.run(() => {
    history.replaceState({ step: "done", chosen: "nonsense" }, "");
    location.reload();
  });
  await tab.ready();
  await isAt(tab, "connect");
});

scenario("goes_back_a_step_with_what_was_chosen", async ({ open }) => {
  const tab = await openAtConnect(open, { tools: ["drive"] });
  await tab.click(`[data-step="connect"] .back`);
  await isAt(tab, "choose");
  assert.deepEqual(await tab.run(() => [...document.querySelectorAll(".choices :checked")].map(({ value }) => value)), ["drive"]);
});

scenario("can_be_worked_by_keyboard_alone", async ({ open, browser }) => {
  const tab = await open({ path: "/onboarding.html" });
  await isAt(tab, "choose");
  const keys = (...each) => browser.driver.actions().sendKeys(...each).perform();
  await tab.run(() => document.querySelector(".choices input").focus());
  await keys(" ", "\uE007");
  await isAt(tab, "connect");
  assert.equal(await tab.run(() => document.activeElement.id), "connect-title");
  await keys("\uE004");
  const window = await browser.windowFrom(() => keys("\uE007"));
  await window.allow();
  await says(tab, "github", "Connected");
});

for (const scheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    scenario(`setting_up_has_no_accessibility_fault_at_${width}_${scheme}`, async ({ open, browser }) => {
      const tab = await open({ path: "/onboarding.html" });
      await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
      await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: false });
      await tab.run(axe);
      for (const name of ["choose", "connect", "done"]) {
        await isAt(tab, name);
        const faults = await tab.run(async () => (await window.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`));
        assert.deepEqual(faults, [], name);
        assert.equal(await tab.run(() => document.documentElement.scrollWidth <= innerWidth), true, `${name} fits`);
        if (name === "connect") {
          await (await connect(tab, "github")).allow();
          await says(tab, "github", "Connected");
        }
        if (name !== "done") await tab.click(`[data-step="${name}"] .primary`);
      }
    });
  }
}
