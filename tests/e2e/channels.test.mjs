// Each channel alone, and all together. What closes the others are first scripts on the pages, so a browser needs no help.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

/** `app` and `callback` are the faults of those pages; `others`: tabs that did not start the flow can hear of it too. */
const channels = [
  { via: "post_message", app: ["no-broadcast-channel", "storage-throws"], callback: ["no-broadcast-channel", "storage-throws"], others: false },
  { via: "broadcast_channel", app: ["storage-throws"], callback: ["no-opener", "storage-throws"], others: true },
  { via: "storage", app: ["no-broadcast-channel"], callback: ["no-opener", "no-broadcast-channel"], others: true },
];

/** No poll comes between the first one and a notice. */
const tiers = [{ every: 60_000, polls: 1 }];

for (const { via, app, callback, others } of channels) {
  scenario(`${via}_alone_brings_the_notice_that_the_server_confirms`, async ({ open, world }) => {
    world.front.faults = { app, callback };
    world.holdProvider();
    const starter = await open({ options: { tiers } });
    const second = await open({ options: { tiers } });
    const { id } = await starter.startWithWindow("github");
    if (others) await second.hears({ type: "started", "flow.id": id });
    world.releaseProvider();
    await allHearOneCompleted(others ? [starter, second] : [starter], id);
    assert.equal(starter.events({ type: "confirming", "flow.id": id })[0]?.via, via);
  });

  scenario(`${via}_alone_decides_where_no_server_can_be_asked`, async ({ open, world }) => {
    world.front.faults = { app, callback };
    const options = { statusUrl: null, cancelUrl: null, startUrl: "/test/callback.html" };
    const starter = await open({ options });
    const second = await open({ options });
    const id = await starter.start("github");
    await allHearOneCompleted(others ? [starter, second] : [starter], id);
    assert.equal(starter.events({ type: "completed", "flow.id": id })[0].via, via);
  });
}

scenario("all_channels_together_are_heard_once", async ({ open, world }) => {
  world.holdProvider();
  const tabs = [await open({ options: { tiers } }), await open({ options: { tiers } }), await open({ options: { tiers } })];
  const { id } = await tabs[0].startWithWindow("github");
  await Promise.all(tabs.map((tab) => tab.hears({ type: "started", "flow.id": id })));
  world.releaseProvider();
  await allHearOneCompleted(tabs, id);
});

// jupyterlab#7316: Safari sends `storage` to the writer. Messages between windows go that way here, so each hears its own.
// Those versions have neither locks nor BroadcastChannel, and a window that took its own word for another's would stop asking.
scenario("storage_events_that_reach_the_writer_too_are_heard_once_and_stop_no_window_that_asks", async ({ open, world, browser }) => {
  const app = ["no-broadcast-channel", "no-locks", "storage-events-for-the-writer"];
  world.front.faults = { app, callback: [...app, "no-opener"] };
  world.holdProvider();
  const starter = await open({ options: { tiers: [{ every: 1000, polls: 60 }] } });
  const second = await open({ options: { tiers: [{ every: 1000, polls: 60 }] } });
  const { id } = await starter.startWithWindow("github");
  await second.hears({ type: "started", "flow.id": id });
  const { asked } = world.front.status;
  await browser.until(async () => asked.length >= 9, "one of them to go on asking", 30_000);
  const waits = asked.slice(4, 9).map(({ at }, index) => at - asked[index + 3].at);
  assert.ok(Math.max(...waits) < 3000, `waits of ${waits} ms, where silence of 3 s makes another window ask`);
  world.releaseProvider();
  await allHearOneCompleted([starter, second], id);
});

scenario("no_channel_at_all_leaves_the_status_endpoint", async ({ open, world }) => {
  const faults = ["no-broadcast-channel", "storage-throws", "no-opener"];
  world.front.faults = { app: faults, callback: faults };
  world.holdProvider();
  const starter = await open();
  const { id } = await starter.startWithWindow("github");
  world.releaseProvider();
  await allHearOneCompleted([starter], id);
  assert.deepEqual(starter.events({ type: "confirming" }), []);
});
