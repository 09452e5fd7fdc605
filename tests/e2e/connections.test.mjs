// The connections page, with the real server and provider: how each connection is doing, what can be done, in every tab.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();
const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** Connects by a flow that the tests' own page starts, and resolves with the connection's id. */
async function connected(open, ...providers) {
  const app = await open({ options: { connectionsUrl: "/oauth/connections", eventsUrl: "/oauth/events" } });
  const ids = [];
  for (const provider of providers) {
    const { id, window } = await app.startWithWindow(provider);
    await window.allow();
    await app.hears({ type: "completed", "flow.id": id });
    ids.push((await app.flow(id)).integrationId);
  }
  return ids;
}
const openPage = (open) => open({ path: "/connections.html" });
const card = (tab, name) =>
  tab.run((heading) => {
    const element = [...document.querySelectorAll(".connection")].find((each) => each.querySelector("h2").textContent === heading);
    if (!element) return null;
    const facts = Object.fromEntries([...element.querySelectorAll("dl > div")].map((row) => [row.querySelector("dt").textContent, row.querySelector("dd").textContent]));
    return {
      id: element.querySelector("h2").id,
      state: element.querySelector("oauth-connect").state,
      isOver: element.classList.contains("over"),
      outcome: element.querySelector("[data-part=outcome]").textContent,
      tools: [...element.querySelectorAll(".chip")].map(({ textContent }) => textContent),
      facts,
    };
  }, name);
const shows = (tab, name, look, what) => tab.browser.until(async () => {
  const shown = await card(tab, name);
  return shown !== null && look(shown);
}, `${tab.name}'s ${name} to show ${what}`);
const press = async (tab, name, act) => tab.click(`.connection:has(#${(await card(tab, name)).id}) [data-act="${act}"]`);

scenario("shows_how_each_connection_is_doing_and_never_a_token", async ({ open, world }) => {
  await connected(open, "github", "atlassian");
  const tab = await openPage(open);
  await shows(tab, "GitHub", ({ state }) => state === "connected", "connected");
  await shows(tab, "Atlassian", ({ tools }) => tools.join() === "Jira,Confluence", "its tools");
  const { facts } = await card(tab, "GitHub");
  assert.match(facts.Scopes, /openid/u);
  assert.equal(facts.Connected, "just now");
  assert.match(facts.Expires, /^in (?:59 min \d\d s|1 h 0 min)$/u);
  assert.deepEqual([facts["Last refresh"], facts["Last error"]], ["Not yet", "None"]);
  const before = facts.Expires;
  await shows(tab, "GitHub", (shown) => shown.facts.Expires !== before, "the countdown");
  for (const { path } of world.front.requests) assert.doesNotMatch(path, /token/u);
});

scenario("says_that_nothing_is_connected_and_where_to_begin", async ({ open }) => {
  const tab = await openPage(open);
  await tab.shows("#empty a");
  assert.deepEqual(await tab.run(() => [document.querySelectorAll(".connection").length, document.querySelector(".bar").hidden]), [0, true]);
});

scenario("refreshes_now_and_every_tab_sees_it", async ({ open, world }) => {
  await connected(open, "github");
  const [here, there] = [await openPage(open), await openPage(open)];
  for (const tab of [here, there]) await shows(tab, "GitHub", ({ state }) => state === "connected", "connected");
  const before = world.provider.control.count("token");
  await press(here, "GitHub", "refresh");
  await shows(here, "GitHub", ({ outcome }) => outcome === "Refreshed.", "the outcome");
  for (const tab of [here, there]) await shows(tab, "GitHub", ({ facts }) => facts["Last refresh"] === "just now, worked", "the refresh");
  assert.equal(world.provider.control.count("token"), before + 1);
});

scenario("says_when_a_refresh_did_not_work_and_when_one_has_to_connect_again", async ({ open, world }) => {
  await connected(open, "github");
  const tab = await openPage(open);
  await shows(tab, "GitHub", ({ state }) => state === "connected", "connected");
  world.provider.control.set({ tokenFailure: { status: 400, body: { error: "invalid_grant" } } });
  await press(tab, "GitHub", "refresh");
  await shows(tab, "GitHub", ({ state, facts }) => state === "reconnect" && facts["Last error"].endsWith("(grant_rejected)"), "that it has to be made again");
  await tab.browser.until(() => tab.run(() => document.querySelector("oauth-toast").shadowRoot.textContent.includes("Connect GitHub again")), "the toast");
});

scenario("validates_all", async ({ open }) => {
  await connected(open, "github", "google");
  const tab = await openPage(open);
  await shows(tab, "Google Workspace", ({ state }) => state === "connected", "connected");
  await tab.click("#validate");
  await tab.browser.until(() => tab.run(() => /^\d valid, \d not accepted, \d without an answer\.$/u.test(document.querySelector("#validated").textContent)), "the result");
  for (const name of ["GitHub", "Google Workspace"]) assert.match((await card(tab, name)).facts["At the provider"], /^(?:Valid|Not accepted|No answer)$/u);
});

scenario("disconnects_with_its_outcome_and_live_in_every_tab", async ({ open }) => {
  await connected(open, "github", "google");
  const [here, there] = [await openPage(open), await openPage(open)];
  for (const tab of [here, there]) await shows(tab, "GitHub", ({ state }) => state === "connected", "connected");
  await press(here, "GitHub", "disconnect");
  await shows(here, "GitHub", ({ isOver, outcome }) => isOver && outcome === "Disconnected, and GitHub has revoked the access.", "the outcome");
  await shows(there, "GitHub", ({ isOver, outcome }) => isOver && outcome === "Disconnected elsewhere.", "that it has ended");
  for (const tab of [here, there]) assert.equal((await card(tab, "Google Workspace")).isOver, false);
  await there.reload();
  await shows(there, "Google Workspace", ({ state }) => state === "connected", "what is left");
  assert.equal(await card(there, "GitHub"), null);
});

scenario("shows_a_connection_that_is_made_while_it_looks_on", async ({ open }) => {
  const tab = await openPage(open);
  await tab.shows("#empty");
  await connected(open, "microsoft");
  await shows(tab, "Microsoft 365", ({ tools }) => tools.length === 3, "the new one");
});

scenario("says_when_the_server_cannot_be_reached_and_lives_on", async ({ open, world }) => {
  const [id] = await connected(open, "github");
  const tab = await openPage(open);
  await shows(tab, "GitHub", ({ state }) => state === "connected", "connected");
  world.front.cut.add("/oauth/connections/validate");
  world.front.cut.add(`/oauth/connections/${id}/disconnect`);
  await tab.click("#validate");
  await tab.browser.until(() => tab.run(() => document.querySelector("#validated").textContent.startsWith("That did not work.")), "the failure");
  await press(tab, "GitHub", "disconnect");
  await shows(tab, "GitHub", ({ outcome, isOver }) => !isOver && outcome.startsWith("That did not work."), "the failure");
  world.front.cut.clear();
  await press(tab, "GitHub", "disconnect");
  await shows(tab, "GitHub", ({ isOver }) => isOver, "the end");
});

for (const scheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    scenario(`connections_have_no_accessibility_fault_at_${width}_${scheme}`, async ({ open, browser }) => {
      await connected(open, "github");
      const tab = await openPage(open);
      await browser.driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
      await browser.driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: false });
      await shows(tab, "GitHub", ({ state }) => state === "connected", "connected");
      await tab.run(axe);
      const faults = () => tab.run(async () => (await window.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`));
      assert.deepEqual(await faults(), []);
      await press(tab, "GitHub", "disconnect");
      await shows(tab, "GitHub", ({ isOver }) => isOver, "the end");
      assert.deepEqual(await faults(), []);
      assert.equal(await tab.run(() => document.documentElement.scrollWidth <= innerWidth), true);
    });
  }
}
