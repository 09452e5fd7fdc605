// A status endpoint that is slow, wrong or away: never a verdict, and the success lands when it is well again.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";
import { statusFaultNames } from "./harness/status-faults.mjs";

const scenario = scenarios();

for (const fault of statusFaultNames) {
  scenario(`a_status_endpoint_that_answers_${fault}_settles_nothing_and_delays_nothing_else`, async ({ open, world, browser }) => {
    world.front.status.fault = fault;
    const starter = await open();
    const other = await open();
    const { id, window } = await starter.startWithWindow("github");
    await window.allow();
    await window.closed();
    const { asked } = world.front.status;
    const enough = fault === "slow" ? 1 : 3;
    await browser.until(async () => asked.length >= enough, `${enough} checks`, 20_000);
    assert.equal((await starter.flow(id)).status, "pending");
    assert.deepEqual(starter.events({ type: "completed" }), []);
    world.front.status.mend();
    await allHearOneCompleted([starter, other], id, 20_000);
    for (const type of ["failed", "cancelled", "expired"]) assert.deepEqual(starter.events({ type }), []);
  });
}

scenario("retry_after_binds_every_check_of_every_tab", async ({ open, world, browser }) => {
  world.holdProvider();
  world.front.status.fault = "429";
  const starter = await open();
  await starter.startWithWindow("github");
  await world.reachesProvider(browser);
  await open();
  const { asked } = world.front.status;
  await browser.until(async () => asked.length >= 3, "three checks", 20_000);
  const waits = asked.slice(1).map(({ at }, index) => at - asked[index].at);
  assert.ok(Math.min(...waits) >= 1990, `waits of ${waits} ms`);
});

scenario("three_tabs_check_one_flow_at_most_once_a_second", async ({ open, world, browser }) => {
  world.holdProvider();
  const starter = await open();
  await open();
  await open();
  await starter.startWithWindow("github");
  const { asked } = world.front.status;
  await browser.until(async () => asked.length >= 4, "four checks", 20_000);
  const waits = asked.slice(1).map(({ at }, index) => at - asked[index].at);
  // Begun a second apart; on the way one may gain a little on another.
  assert.ok(Math.min(...waits) >= 900, `waits of ${waits} ms`);
});

// knocklabs/javascript#830: polling stops, and the status stays "connecting".
scenario("the_schedule_ends_and_a_notice_after_it_still_lands", async ({ open, world, browser }) => {
  world.holdProvider();
  const options = { tiers: [{ every: 200, polls: 3 }] };
  const starter = await open({ options });
  const { id } = await starter.startWithWindow("github");
  const { asked } = world.front.status;
  await browser.until(async () => asked.length >= 4, "the whole schedule");
  assert.equal((await starter.flow(id)).status, "pending");
  world.releaseProvider();
  await allHearOneCompleted([starter], id);
});

scenario("stages_rise_while_nothing_is_heard", async ({ open, world }) => {
  world.holdProvider();
  const starter = await open({ options: { slowAfter: 300, overdueAfter: 900, expireAfter: 60_000 } });
  const { id } = await starter.startWithWindow("github");
  await starter.hears({ type: "slow", "flow.id": id });
  await starter.hears({ type: "overdue", "flow.id": id });
  assert.equal((await starter.flow(id)).status, "pending");
  world.releaseProvider();
  await allHearOneCompleted([starter], id);
});

scenario("a_success_after_expiry_still_lands", async ({ open, world }) => {
  world.holdProvider();
  const starter = await open({ options: { slowAfter: 200, overdueAfter: 400, expireAfter: 1500 } });
  const { id } = await starter.startWithWindow("github");
  const { flow } = await starter.hears({ type: "expired", "flow.id": id });
  assert.equal(flow.provisional, true);
  world.releaseProvider();
  await allHearOneCompleted([starter], id);
});
