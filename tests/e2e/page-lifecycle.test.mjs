// Pages that browsers slow down, freeze, keep or copy, machines that sleep, and many of everything.
import assert from "node:assert/strict";
import { discard } from "./harness/discard.mjs";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

// Background tabs are throttled to one wake a minute after five seconds instead of five minutes, and as the driver would have it not at all.
const scenario = scenarios({
  flags: ["--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/5"],
  without: ["disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding"],
});

const lifecycle = (tab, state) => tab.browser.driver.sendDevToolsCommand("Page.setWebLifecycleState", { state });

scenario("a_hidden_tab_whose_timers_run_once_a_minute_polls_on", async ({ open, world, browser }, test) => {
  world.holdProvider();
  const faults = ["no-broadcast-channel", "storage-throws", "no-opener"];
  world.front.faults = { app: faults, callback: faults };
  const page = await open({ options: { tiers: [{ every: 2000, polls: 60 }] } });
  const { id } = await page.startWithWindow("github");
  await page.run(() => {
    window.ticks = 0;
    setInterval(() => (window.ticks += 1), 1000);
  });
  await browser.driver.switchTo().newWindow("tab");
  await world.log.first({ tab: page.name, kind: "visibility", state: "hidden" });
  const hidden = Date.now();
  const { asked } = world.front.status;
  await browser.until(async () => asked.at(-1).at > hidden + 25_000, "25 s in the background", 60_000);
  const late = asked.filter(({ at }) => at > hidden + 10_000).map(({ at }) => at);
  const waits = late.slice(1).map((at, index) => at - late[index]);
  world.releaseProvider();
  await page.hears({ type: "completed", "flow.id": id }, 10_000);
  const ticks = await page.run(() => window.ticks);
  test.diagnostic(`waits of ${waits} ms; a timer of a second ran ${ticks} times`);
  assert.ok(ticks < 20, `the page was throttled: ${ticks} ticks`);
  assert.ok(Math.max(...waits) < 6000, `waits of ${waits} ms`);
  await allHearOneCompleted([page], id);
});

scenario("a_success_while_the_machine_slept_for_an_hour_is_heard_and_nothing_else", async ({ open, world }) => {
  world.front.faults.app = ["sleeps-an-hour"];
  world.holdProvider();
  const page = await open();
  const { id, window } = await page.startWithWindow("github");
  await page.run(() => {});
  await lifecycle(page, "frozen");
  world.releaseProvider();
  await window.closed();
  await lifecycle(page, "active");
  await allHearOneCompleted([page], id);
  for (const type of ["expired", "failed", "cancelled", "overdue"]) assert.deepEqual(page.events({ type }), []);
});

scenario("a_flow_that_is_still_pending_after_an_hours_sleep_is_asked_about_and_still_completes", async ({ open, world, browser }) => {
  world.front.faults.app = ["sleeps-an-hour"];
  world.holdProvider();
  const page = await open({ options: { tiers: [{ every: 60_000, polls: 1 }] } });
  const { id, window } = await page.startWithWindow("github");
  const { asked } = world.front.status;
  await browser.until(async () => asked.length > 0, "the first check");
  await page.run(() => {});
  await lifecycle(page, "frozen");
  const before = asked.length;
  await lifecycle(page, "active");
  await browser.until(async () => asked.length > before, "a check on waking");
  await page.quiet();
  // Only the monotonic clock makes a flow old, and it stood still.
  for (const type of ["expired", "failed", "cancelled", "overdue"]) assert.deepEqual(page.events({ type }), []);
  world.releaseProvider();
  await window.closed();
  await allHearOneCompleted([page], id);
});

// whatwg/html#7253, MSAL#5908: stuck after Back.
scenario("a_page_in_the_back_forward_cache_hears_it_when_it_is_back", async ({ open, world, browser }) => {
  // A window of a group of its own: with one of the page's, the page would not be kept.
  world.provider.control.set({ coop: "same-origin" });
  const other = await open();
  const page = await open();
  const { id, window } = await page.startWithWindow("github");
  await window.signIn();
  await other.hears({ type: "started", "flow.id": id });
  await page.run(() => {
    setTimeout(() => location.assign("/test/away.html"));
  });
  await browser.until(() => page.run(() => location.pathname === "/test/away.html"), "the other page");
  await window.allow();
  await window.closed();
  await allHearOneCompleted([other], id);
  await page.run(() => {
    setTimeout(() => history.back());
  });
  await world.log.first({ tab: page.name, kind: "restored" });
  await allHearOneCompleted([page], id);
  assert.equal(world.log.find({ tab: page.name, kind: "load" }).length, 1, "it was not loaded again");
});

scenario("a_discarded_tab_lets_another_ask_and_hears_it_when_somebody_comes_back", async ({ open, world, browser }) => {
  world.holdProvider();
  const page = await open();
  const other = await open();
  const { id } = await page.startWithWindow("github");
  await other.hears({ type: "started", "flow.id": id });
  assert.equal((await page.diagnostics()).poller, "this");
  const bringBack = await discard(page);
  const { asked } = world.front.status;
  const before = asked.length;
  await browser.until(async () => asked.length > before, "the other tab to ask");
  world.releaseProvider();
  await other.hears({ type: "completed", "flow.id": id });
  const loads = () => world.log.find({ tab: page.name, kind: "load" }).length;
  assert.equal(loads(), 1, "it was away all the time");
  await bringBack();
  await page.ready();
  assert.equal(await page.run(() => document.wasDiscarded), true);
  assert.equal(loads(), 2);
  await allHearOneCompleted([page, other], id);
});

// browser-tab-id#4: Duplicate Tab copies sessionStorage, as a window does that the page opens on itself.
for (const [name, isSettled] of [["before_the_end_hears_it_too", false], ["after_the_end_shows_it_and_is_silent", true]]) {
  scenario(`a_tab_duplicated_${name}`, async ({ open, world, browser }) => {
    world.holdProvider();
    const page = await open();
    const { id, window } = await page.startWithWindow("github");
    if (isSettled) {
      world.releaseProvider();
      await window.closed();
      await allHearOneCompleted([page], id);
    }
    const copy = await browser.windowFrom(() => page.act(() => open(location.href.replace("tab=tab1", "tab=copy"), "_blank")));
    Object.assign(copy, { name: "copy", world });
    await copy.ready();
    assert.ok(await copy.run(() => sessionStorage.length > 0), "the session was copied");
    if (!isSettled) {
      world.releaseProvider();
      await window.closed();
      await allHearOneCompleted([page, copy], id);
    } else {
      await copy.quiet();
      assert.equal((await copy.flow(id)).status, "completed");
      assert.deepEqual(copy.events({ type: "completed" }), []);
    }
  });
}

scenario("fifty_tabs_each_hear_one_completed", async ({ open, world }) => {
  world.holdProvider();
  const tabs = [];
  for (let count = 0; count < 50; count += 1) tabs.push(await open());
  const { id, window } = await tabs.at(-1).startWithWindow("github");
  await Promise.all(tabs.map((tab) => tab.hears({ type: "started", "flow.id": id }, 30_000)));
  world.releaseProvider();
  await window.closed();
  await allHearOneCompleted(tabs, id, 30_000);
}, { timeout: 240_000 });

// supabase-js#2557: a second flow breaks the first.
scenario("two_hundred_flows_at_once_are_each_heard_once_in_both_tabs", async ({ open, world }) => {
  world.front.faults.app = ["windows-refused"];
  const ended = new Set();
  world.front.script = (query) => (ended.has(query.get("provider")) ? { status: "completed", completed: true, integrationId: query.get("flow") } : { status: "pending" });
  const options = { statusUrl: "/test/status", cancelUrl: null, startUrl: "/test/away.html?{provider}", tiers: [{ every: 5000, polls: 30 }] };
  const other = await open({ options });
  const page = await open({ options });
  const ids = await page.run(() => {
    const all = [];
    for (let index = 0; index < 200; index += 1) all.push(window.sync.start(`provider-${index}`, { flowId: `flow-number-${index}` }).id);
    return all;
  });
  assert.equal(new Set(ids).size, 200);
  const all = (tab, type) => world.log.until(() => tab.events({ type }).length >= 200, `200 ${type} in ${tab.name}`, 40_000);
  await all(other, "started");
  for (let index = 0; index < 200; index += 1) ended.add(`provider-${index}`);
  for (const tab of [page, other]) {
    await all(tab, "completed");
    await tab.quiet();
    const completed = tab.events({ type: "completed" }).map(({ flow }) => flow);
    assert.deepEqual(completed.map(({ id }) => id).sort(), [...ids].sort(), "each is heard once");
    for (const { id, integrationId } of completed) assert.equal(integrationId, id);
  }
}, { timeout: 120_000 });
