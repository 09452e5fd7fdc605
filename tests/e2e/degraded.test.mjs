// A facility of the browser that is missing or refuses: degrade, say so, go on.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

/** `facility` and `state`: what `diagnostics()` says of it; `others`: a second tab can still hear. */
const cases = [
  { name: "storage_refused", faults: ["storage-throws", "session-throws"], facility: "local_storage", state: "refused", others: true },
  { name: "storage_null", faults: ["storage-null"], facility: "local_storage", state: "missing", others: true },
  { name: "storage_full", faults: ["storage-full"], facility: "local_storage", state: "refused", others: true },
  { name: "broadcast_channel_missing", faults: ["no-broadcast-channel"], facility: "broadcast_channel", state: "missing", others: true },
  { name: "web_locks_missing", faults: ["no-locks"], facility: "locks", state: "missing", others: true },
  { name: "nothing_but_the_opener", faults: ["storage-throws", "session-throws", "no-broadcast-channel", "no-locks"], facility: "locks", state: "missing", others: false },
];

for (const { name, faults, facility, state, others } of cases) {
  scenario(`connects_with_${name}_and_says_so`, async ({ open, world }) => {
    world.front.faults = { app: faults, callback: faults };
    const starter = await open();
    const second = await open();
    const { id, window } = await starter.startWithWindow("github");
    if (others) await second.hears({ type: "started", "flow.id": id });
    await window.allow();
    await window.closed();
    await allHearOneCompleted(others ? [starter, second] : [starter], id);
    const { facilities } = await starter.diagnostics();
    assert.equal(facilities[facility], state, JSON.stringify(facilities));
  });
}

scenario("a_denial_is_heard_with_storage_refused", async ({ open, world }) => {
  world.front.faults = { app: ["storage-throws", "session-throws"], callback: ["storage-throws", "session-throws"] };
  const starter = await open();
  const { id, window } = await starter.startWithWindow("github");
  await window.deny();
  const { flow } = await starter.hears({ type: "cancelled", "flow.id": id });
  assert.equal(flow.error.code, "access_denied");
});
