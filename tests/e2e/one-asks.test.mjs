// One window asks for all, however many are open, and another takes over when it goes or falls silent.
import assert from "node:assert/strict";
import { scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

/** Twenty checks a second apart, after the one at the start; nothing is asked more often. */
const tiers = [{ every: 1000, polls: 10 }, { every: 1000, polls: 10 }];
const options = { tiers, cancelUrl: null, startUrl: "/test/away.html" };

// next-auth#6630: every tab polls, for ever. Both groups run at the same time, so that a busy machine slows both.
for (const [name, faults] of [
  ["", []],
  ["_without_web_locks", ["no-locks"]],
  ["_without_broadcast_channel", ["no-broadcast-channel"]],
  ["_without_either", ["no-locks", "no-broadcast-channel"]],
]) {
  scenario(`twenty_tabs_make_at_most_a_tenth_more_requests_than_one${name}`, async ({ open, world, browser }, test) => {
    const alone = await open({ options: { ...options, scope: "alone" } });
    const one = await alone.start("github");
    await browser.until(async () => world.front.status.asked.some(({ flow }) => flow === one), "the first check");
    world.front.faults.app = faults;
    const tabs = [];
    for (let count = 0; count < 20; count += 1) tabs.push(await open({ options: { ...options, scope: "many" } }));
    const many = await tabs.at(-1).start("github");

    const { asked } = world.front.status;
    const of = (id) => asked.filter(({ flow }) => flow === id);
    // The driver leaves the windows alone: coming to one makes it ask.
    await browser.until(async () => of(one).length > 20 && of(many).length > 20 && Date.now() - asked.at(-1).at > 5000, "both schedules to be through", 75_000);
    test.diagnostic(`1 tab: ${of(one).length} requests, 20 tabs: ${of(many).length}`);
    assert.ok(of(many).length <= 1.1 * 21, `${of(many).length} requests`);
    assert.equal(world.front.requests.filter(({ path }) => path === "/oauth/status").length, asked.length);
  });
}

/** How the window that asks goes away; each leaves the driver where the others can be looked at. */
const ways = {
  is_closed: (tab) => tab.close(),
  navigates_away: (tab) => tab.run(() => location.assign("/test/away.html")),
  crashes: async (tab) => {
    await tab.run(() => {});
    // The command has no answer: what would give it is gone.
    tab.browser.driver.sendDevToolsCommand("Page.crash", {}).catch(() => {});
  },
  hangs_with_the_lock_in_its_hands: (tab) => tab.run(() => {
    setTimeout(() => {
      for (const end = Date.now() + 10_000; Date.now() < end;);
    });
  }),
  is_frozen: async (tab) => {
    await tab.run(() => {});
    await tab.browser.driver.sendDevToolsCommand("Page.setWebLifecycleState", { state: "frozen" });
  },
};

for (const [name, goAway] of Object.entries(ways)) {
  scenario(`another_window_asks_within_three_seconds_of_the_first_silence_when_the_one_that_asks_${name}`, async ({ open, world, browser }, test) => {
    const long = { ...options, tiers: [{ every: 1000, polls: 120 }] };
    const poller = await open({ options: long });
    await browser.until(async () => (await poller.diagnostics()).poller === "this", "the first tab to ask for all");
    const starter = await open({ options: long });
    const id = await starter.start("github");
    const { asked } = world.front.status;
    await browser.until(async () => asked.length >= 3, "three checks");
    assert.equal((await poller.diagnostics()).poller, "this");

    const before = asked.length;
    await goAway(poller);
    const gone = Date.now();
    await browser.until(async () => asked.slice(before).some(({ at }) => at > gone + 900), "another window to ask");
    const { at } = asked.slice(before).find((check) => check.at > gone + 900);
    test.diagnostic(`asked again ${at - gone} ms later`);
    // It says each second that it is there; three seconds after that is missed, and what is due by then is asked at once.
    assert.ok(at - gone <= 1000 + 3000 + 1000, `${at - gone} ms`);
    if (name === "crashes") await assert.rejects(poller.run(() => {}), /crash/u);
    if (name === "is_frozen") await browser.driver.sendDevToolsCommand("Page.setWebLifecycleState", { state: "active" });
    await browser.until(async () => (await starter.flow(id)).status === "pending", "the other tab to be well");
  });
}
