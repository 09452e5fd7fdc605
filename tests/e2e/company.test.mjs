// Scripts of the app's own origin that are careless or hostile: the module drops what it cannot use, counts it, and lives on.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

/** `close()` gives the wasm object free; it throws for ever where a call into it has trapped. The next instance is as good as new. */
async function closesAndBeginsAnew(tab, id) {
  const status = await tab.run(async (flowId) => {
    const { OAuthSync } = await import("/oauth-sync/index.js");
    window.sync.close();
    window.sync.close();
    const next = await OAuthSync.open({ statusUrl: "/oauth/status" });
    const found = next.flows().find((flow) => flow.id === flowId)?.status;
    next.close();
    return found;
  }, id);
  assert.equal(status, "completed");
}

const FLOOD = 10_000;

scenario("ten_thousand_hostile_messages_on_each_channel_change_nothing_and_are_counted", async ({ open, world }, test) => {
  world.holdProvider();
  world.front.scripts.app = ["/test/flood.js"];
  const starter = await open({ options: { tiers: [{ every: 60_000, polls: 1 }] } });
  const { id, window } = await starter.startWithWindow("github");
  await starter.hears({ type: "opened", "flow.id": id });
  const before = starter.events().length;
  const flood = await starter.run(`
    window.flooded = undefined;
    window.flood(${FLOOD}).then((result) => { window.flooded = result; });
  `).then(() => starter.browser.until(() => starter.run(() => window.flooded), "the flood to be over", 60_000));
  test.diagnostic(`longest turn of a message: ${flood.longest.toFixed(1)} ms`);
  // One in sixteen is an answer that is meant for callback pages; windows say no such thing to each other.
  const spoken = FLOOD - FLOOD / 16;
  assert.deepEqual(flood.counted, { post_message: spoken, broadcast_channel: spoken, between_windows: FLOOD, storage: FLOOD });
  assert.equal(flood.polluted, false);
  assert.equal((await starter.diagnostics()).listenerErrors, 0);
  assert.equal(starter.events().length, before, "nothing of it became an event");
  assert.equal((await starter.flow(id)).status, "pending");

  world.releaseProvider();
  await window.closed();
  await allHearOneCompleted([starter], id);
  await closesAndBeginsAnew(starter, id);
});

scenario("a_service_worker_that_answers_the_endpoint_with_a_page_settles_nothing", async ({ open }) => {
  const starter = await open();
  await starter.run(async () => {
    await navigator.serviceWorker.register("/test/worker.js");
    if (!navigator.serviceWorker.controller) await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  });
  const { id, window } = await starter.startWithWindow("github");
  await window.allow();
  await window.closed();
  await starter.hears({ type: "confirming", "flow.id": id });
  assert.equal((await starter.flow(id)).status, "pending");
  assert.deepEqual(["completed", "failed", "cancelled", "expired"].flatMap((type) => starter.events({ type })), []);
  await starter.run(() => navigator.serviceWorker.controller.postMessage("stop"));
  await allHearOneCompleted([starter], id);
  await closesAndBeginsAnew(starter, id);
});

const edits = {
  cut_short: (value) => value.slice(0, value.length / 2),
  of_another_shape: () => `[[{"status":"completed"}]]`,
  with_other_types: (value) => value.replace(/:(\d+)/gu, `:"$1"`).replace(/:"([^"]*)"/gu, ":{}"),
  with_wild_numbers: (value) => value.replace(/:\d+/gu, ":1e308"),
  emptied: () => "",
};
for (const [name, edit] of Object.entries(edits)) {
  scenario(`storage_that_was_edited_by_hand_and_is_now_${name}_does_no_harm`, async ({ open, world }) => {
    world.holdProvider();
    const starter = await open();
    const other = await open();
    const { id, window } = await starter.startWithWindow("github");
    await other.hears({ type: "started", "flow.id": id });
    const keys = await other.run(() => Object.entries(localStorage)).then((entries) => entries.map(([key, value]) => [key, edit(value)]));
    await other.run((entries) => entries.forEach(([key, value]) => localStorage.setItem(key, value)), keys);
    assert.ok(keys.length > 0, "something was stored");
    await other.reload();
    await other.ready();
    world.releaseProvider();
    await window.closed();
    await allHearOneCompleted([starter], id);
    await other.quiet();
    assert.ok(other.events({ type: "completed" }).length <= 1);
    assert.deepEqual(["failed", "cancelled", "expired"].flatMap((type) => other.events({ type })), []);
    await closesAndBeginsAnew(starter, id);
  });
}

scenario("two_copies_of_the_module_on_one_page_both_hear_it_once", async ({ open, world }) => {
  world.holdProvider();
  const starter = await open();
  await starter.run(async () => {
    // Under another address it is another module, with a wasm of its own.
    const { OAuthSync } = await import("/oauth-sync/copy/index.js");
    window.heard = [];
    window.copy = await OAuthSync.open({ statusUrl: "/oauth/status" });
    window.copy.subscribe(({ type, flow }) => window.heard.push([type, flow.id]));
  });
  const { id, window } = await starter.startWithWindow("github");
  world.releaseProvider();
  await window.closed();
  await allHearOneCompleted([starter], id);
  const heard = await starter.browser.until(async () => {
    const all = await starter.run(() => window.heard);
    return all.some(([type]) => type === "completed") && all;
  }, "the copy to hear it");
  assert.equal(heard.filter(([type, flow]) => type === "completed" && flow === id).length, 1);
  assert.equal(await starter.run(() => window.copy.flows()[0].status), "completed");
  await starter.run(() => window.copy.close());
  await closesAndBeginsAnew(starter, id);
});

scenario("listeners_that_throw_call_back_or_close_disturb_nobody_else", async ({ open, world }) => {
  world.holdProvider();
  const starter = await open();
  const other = await open();
  await starter.run(() => {
    const { sync } = window;
    window.calls = [];
    sync.subscribe(() => {
      throw new Error("a listener of the test");
    });
    sync.subscribe(({ type, flow }) => {
      window.calls.push(type);
      sync.flows();
      sync.latest(flow.provider);
      sync.check();
      sync.subscribe(() => {})();
      if (type === "completed") sync.close();
    });
  });
  const { id, window } = await starter.startWithWindow("github");
  world.releaseProvider();
  await window.closed();
  await allHearOneCompleted([other], id);
  await starter.hears({ type: "completed", "flow.id": id });
  const calls = await starter.browser.until(async () => {
    const all = await starter.run(() => window.calls);
    return all.includes("completed") && all;
  }, "the listener that closes");
  assert.equal(calls.filter((type) => type === "completed").length, 1);
  assert.ok((await starter.diagnostics()).listenerErrors > 0);
  await closesAndBeginsAnew(starter, id);
}, { mayReportErrors: true });
