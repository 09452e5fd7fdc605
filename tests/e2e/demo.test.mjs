// What a person sees: the demo page with the real module, server and provider behind it.
import assert from "node:assert/strict";
import { scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

const card = (provider) => `[data-provider="${provider}"]`;

/** Resolves when the card's status matches; its text is for people, so it is what the tests look at. */
function says(tab, provider, text, timeout) {
  return tab.browser.until(async () => {
    const status = await tab.run((selector) => document.querySelector(`${selector} .status`).textContent, card(provider));
    return text.test(status.replace(/\s+/gu, " "));
  }, `${tab.name}'s ${provider} card to say ${text}`, timeout);
}

const press = (tab, provider, part) => tab.click(`${card(provider)} [data-part="${part}"]`);
const connect = (tab, provider) => tab.browser.windowFrom(() => press(tab, provider, "go"));

for (const provider of ["github", "atlassian", "microsoft", "google"]) {
  scenario(`${provider}_turns_to_connected_in_every_tab_without_a_click_or_reload`, async ({ open }) => {
    const here = await open({ path: "/" });
    const there = await open({ path: "/" });
    await says(here, provider, /Not connected/u);
    const window = await connect(here, provider);
    for (const tab of [here, there]) await says(tab, provider, /Waiting for authorization…/u);
    await window.allow();
    await window.closed();
    for (const tab of [here, there]) await says(tab, provider, /Connected/u);
    assert.equal(await there.run((selector) => document.querySelectorAll(`${selector} [data-tool]:not(.on)`).length, card(provider)), 0, "every tool is ticked");
  });
}

scenario("a_reload_in_the_middle_still_waits_and_then_is_connected", async ({ open }) => {
  const page = await open({ path: "/" });
  const window = await connect(page, "github");
  await says(page, "github", /Waiting for authorization…/u);
  await page.reload();
  await says(page, "github", /Waiting for authorization…/u);
  await window.allow();
  await says(page, "github", /Connected/u);
  await page.reload();
  await says(page, "github", /Connected/u);
});

scenario("a_denial_says_why_and_offers_to_try_again", async ({ open }) => {
  const page = await open({ path: "/" });
  const window = await connect(page, "github");
  await window.deny();
  await window.closed();
  await says(page, "github", /Access was denied Nothing was connected\./u);
  assert.equal(await page.run((selector) => document.querySelector(`${selector} [data-part="go"]`).textContent, card("github")), "Try again");
  await (await connect(page, "github")).allow();
  await says(page, "github", /Connected/u);
});

scenario("a_closed_window_is_told_within_seconds_and_can_be_opened_again", async ({ open }) => {
  const page = await open({ path: "/" });
  const window = await connect(page, "github");
  await window.signIn();
  await window.close();
  await says(page, "github", /The window was closed/u, 5000);
  const again = await connect(page, "github");
  await again.allow();
  await says(page, "github", /Connected/u);
});

scenario("a_closed_window_can_be_given_up", async ({ open }) => {
  const page = await open({ path: "/" });
  const window = await connect(page, "github");
  await window.signIn();
  await window.close();
  await says(page, "github", /The window was closed/u, 5000);
  await press(page, "github", "leave");
  await says(page, "github", /Cancelled/u);
  await press(page, "github", "leave");
  await says(page, "github", /Not connected/u);
});

for (const [name, fault] of [["by_the_browser", "click-spent"], ["by_an_extension", "windows-refused"]]) {
  scenario(`a_popup_blocked_${name}_leaves_a_link_to_go_on`, async ({ open, world, browser }) => {
    world.front.faults.app = [fault];
    const page = await open({ path: "/" });
    await press(page, "github", "go");
    await says(page, "github", /Popup blocked/u);
    const tab = await browser.windowFrom(() => press(page, "github", "link"));
    await says(page, "github", /Waiting for authorization…/u);
    await tab.allow();
    await tab.closed();
    await says(page, "github", /Connected/u);
  });
}

for (const mode of ["tab", "redirect"]) {
  scenario(`connects_by_${mode}_too`, async ({ open }) => {
    const page = await open({ path: "/", query: { mode } });
    const other = await open({ path: "/" });
    const window = mode === "tab" ? await connect(page, "google") : await press(page, "google", "go").then(() => page);
    await window.allow();
    for (const each of [page, other]) await says(each, "google", /Connected/u);
    assert.equal(await page.run(() => document.querySelector("#mode").value), mode);
  });
}

scenario("two_cards_clicked_at_once_both_turn_to_connected", async ({ open }) => {
  const page = await open({ path: "/" });
  const first = await connect(page, "atlassian");
  const second = await connect(page, "microsoft");
  await second.allow();
  await first.allow();
  for (const provider of ["atlassian", "microsoft"]) await says(page, provider, /Connected/u);
});
