// Connections and server push with several windows, the real server and the real provider.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

const pushing = { connectionsUrl: "/oauth/connections", eventsUrl: "/oauth/events" };
const polling = { connectionsUrl: "/oauth/connections" };

/** Three tabs of the person, whom the demo's server knows since it began a flow, and of whom the first polls. */
async function openThree(open, options) {
  const start = await open({ path: "/oauth/start/github", query: { flow: "flow-that-nobody-follows" }, ready: false });
  await start.close();
  const tabs = [];
  for (let count = 0; count < 3; count += 1) tabs.push(await open({ options }));
  return tabs;
}

/** Connects from the second tab; gives the connection's id once every tab has it. */
async function connect(tabs) {
  const { id, window } = await tabs[1].startWithWindow("github");
  await window.allow();
  await window.closed();
  await allHearOneCompleted(tabs, id);
  const { integrationId } = await tabs[0].flow(id);
  for (const tab of tabs) await hears(tab, { change: "added", "connection.id": integrationId });
  return integrationId;
}

const hears = (tab, pattern, timeout) => tab.world.log.first({ tab: tab.name, kind: "connection", ...pattern }, timeout);

/** Every tab hears this change, and hears it once. */
async function allHearOnce(tabs, pattern, timeout) {
  await Promise.all(tabs.map((tab) => hears(tab, pattern, timeout)));
  for (const tab of tabs) await tab.quiet();
  for (const tab of tabs) {
    assert.equal(tab.world.log.find({ tab: tab.name, kind: "connection", ...pattern }).length, 1, `${tab.name} hears ${JSON.stringify(pattern)} once`);
  }
}

const states = (tab) => tab.run(() => window.sync.connections().map(({ state }) => state));

const refreshes = (world) => world.front.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/refresh")).length;

/** Asks all tabs for a refresh before any has an answer; resolves with what each came to. */
async function refreshInAll(tabs, world, id) {
  world.provider.control.set({ held: ["token"] });
  for (const tab of tabs) {
    await tab.run((connection) => {
      window.outcome = window.sync.refresh(connection).then(({ state }) => state, ({ code }) => code);
    }, id);
  }
  world.provider.control.set({ held: [] });
  const outcomes = [];
  for (const tab of tabs) outcomes.push(await tab.run(() => window.outcome));
  return outcomes;
}

for (const [way, options] of [["with", pushing], ["without", polling]]) {
  scenario(`a_refresh_from_three_tabs_at_once_is_one_request_and_every_tab_hears_of_it_${way}_push`, async ({ open, world }) => {
    const tabs = await openThree(open, options);
    const id = await connect(tabs);
    const exchanges = world.provider.control.count("token");
    assert.deepEqual(await refreshInAll(tabs, world, id), ["active", "active", "active"]);
    await allHearOnce(tabs, { change: "refreshed", "connection.id": id });
    assert.equal(refreshes(world), 1);
    assert.equal(world.provider.control.count("token"), exchanges + 1);
  });
}

scenario("a_provider_that_is_down_or_has_ended_the_grant_is_told_apart_in_every_tab", async ({ open, world }) => {
  const tabs = await openThree(open, polling);
  const id = await connect(tabs);
  world.provider.control.set({ tokenFailure: { status: 503, body: { error: "temporarily_unavailable" } } });
  assert.deepEqual(await refreshInAll(tabs, world, id), ["refresh_failed", "refresh_failed", "refresh_failed"]);
  await allHearOnce(tabs, { change: "refresh_failed", "connection.id": id });
  assert.equal((await tabs[2].run(() => window.sync.connections()[0].error.retryable)), true);
  assert.equal(refreshes(world), 1);
});

scenario("a_grant_that_has_ended_asks_for_the_person_in_every_tab", async ({ open, world }) => {
  const tabs = await openThree(open, pushing);
  const id = await connect(tabs);
  world.provider.control.set({ tokenFailure: { status: 400, body: { error: "invalid_grant" } } });
  assert.deepEqual(await refreshInAll(tabs, world, id), ["reconnect_required", "reconnect_required", "reconnect_required"]);
  await allHearOnce(tabs, { change: "reauth_required", "connection.id": id });
  const [{ state, error }] = await tabs[2].run(() => window.sync.connections());
  assert.deepEqual([state, error.code, error.retryable], ["reauth_required", "grant_rejected", false]);
});

scenario("what_an_operator_does_reaches_every_tab_by_push", async ({ open, world, browser }) => {
  const tabs = await openThree(open, pushing);
  const id = await connect(tabs);
  const user = await person(tabs[0], browser);
  await world.server.command("refresh", "--user", user, "github");
  await allHearOnce(tabs, { change: "refreshed", "connection.id": id });
  await world.server.command("disconnect", "--user", user, "github");
  await allHearOnce(tabs, { change: "disconnected", "connection.id": id });
  for (const tab of tabs) assert.deepEqual(await states(tab), []);
});

scenario("without_push_what_an_operator_does_is_found_when_the_person_looks", async ({ open, world, browser }) => {
  const tabs = await openThree(open, polling);
  const id = await connect(tabs);
  const user = await person(tabs[0], browser);
  await world.server.command("disconnect", "--user", user, "github");
  // The list is not read again for each of a swarm of wakes.
  await browser.until(async () => {
    await tabs[2].run(() => window.dispatchEvent(new Event("focus")));
    await tabs[0].run(() => window.dispatchEvent(new Event("focus")));
    return world.log.find({ kind: "connection", change: "disconnected" }).length === 3;
  }, "every tab to know", 25_000);
  await allHearOnce(tabs, { change: "disconnected", "connection.id": id });
});

scenario("a_tab_that_opens_later_has_the_list_without_the_server", async ({ open, world, browser }) => {
  const tabs = await openThree(open, pushing);
  await connect(tabs);
  world.front.held.add("/oauth/connections");
  const late = await open({ options: pushing });
  await browser.until(async () => (await states(late)).length === 1, "the list");
  // What was there when it loaded was not added.
  assert.deepEqual(world.log.find({ tab: late.name, kind: "connection" }).map(({ change }) => change), ["changed"]);
});

scenario("where_push_delivers_a_flow_costs_two_checks_at_most_and_one_stream", async ({ open, world, browser }) => {
  const tabs = await openThree(open, pushing);
  await browser.until(async () => world.front.count("/oauth/events") === 1, "the stream");
  const asked = world.front.count("/oauth/status");
  const id = await (async () => {
    const { id: flow, window } = await tabs[1].startWithWindow("github");
    await window.allow();
    await window.closed();
    await allHear(tabs, flow);
    return flow;
  })();
  const vias = tabs.map((tab) => tab.events({ type: "completed", "flow.id": id })[0].via);
  assert.ok(world.front.count("/oauth/status") - asked <= 2, `${world.front.count("/oauth/status") - asked} checks, ${vias}`);
  assert.equal(world.front.count("/oauth/events"), 1);
});

scenario("a_server_that_restarts_in_the_middle_costs_no_success", async ({ open, world, browser }) => {
  world.holdProvider();
  const tabs = await openThree(open, pushing);
  const { id } = await tabs[1].startWithWindow("github");
  await browser.until(async () => world.front.count("/oauth/events") >= 1, "the stream");
  await browser.until(async () => world.provider.control.count("interaction") > 0, "the person to be at the provider");
  const asked = world.front.status.asked.length;
  await world.server.stop("SIGKILL");
  await browser.until(async () => world.front.status.asked.length > asked, "polling to go on");
  await world.server.start();
  world.releaseProvider();
  await allHearOneCompleted(tabs, id);
  // And push is back.
  await browser.until(async () => (await tabs[0].diagnostics()).facilities.event_source === "ok", "the stream to be back");
});

scenario("where_push_is_refused_or_something_else_everything_is_polled", async ({ open, world }) => {
  for (const [round, eventsUrl] of ["/nowhere", "/test/app.html", "http://127.0.0.1:1/"].entries()) {
    const options = { ...pushing, eventsUrl, scope: `round ${round}` };
    const starter = await open({ options });
    const other = await open({ options });
    const { id, window } = await starter.startWithWindow("github");
    await window.allow();
    await window.closed();
    await allHearOneCompleted([starter, other], id);
    if (round < 2) assert.equal((await starter.diagnostics()).facilities.event_source, "refused");
    await starter.close();
    await other.close();
  }
  assert.ok(world.front.count("/oauth/status") > 0);
}, { mayReportErrors: true });

scenario("a_request_that_is_not_authorised_refreshes_once_and_is_made_once_more", async ({ open, world }) => {
  const tabs = await openThree(open, polling);
  const id = await connect(tabs);
  const asked = refreshes(world);
  world.front.unauthorised = 1;
  const answer = await tabs[1].run(async (integrationId) => {
    const response = await window.sync.fetch("/test/api", { method: "POST", body: "hello", integrationId });
    return [response.status, await response.text()];
  }, id);
  assert.deepEqual(answer, [200, "hello"]);
  assert.equal(refreshes(world), asked + 1);
  assert.equal(world.front.count("/test/api"), 2);
  // One that stays so is reported, after one more try.
  world.front.unauthorised = 5;
  const second = await tabs[1].run(async () => (await window.sync.fetch(new Request("/test/api", { method: "POST", body: "again" }))).status);
  assert.equal(second, 401);
  assert.equal(world.front.count("/test/api"), 4);
});

async function allHear(tabs, id) {
  await Promise.all(tabs.map((tab) => tab.hears({ type: "completed", "flow.id": id })));
}

/** Who the person is to the demo's server. */
async function person(tab, browser) {
  await tab.run(() => null);
  const cookies = await browser.driver.manage().getCookies();
  const { value } = cookies.find((cookie) => /^demo-[\w-]+\./u.test(cookie.value));
  return value.split(".")[0];
}
