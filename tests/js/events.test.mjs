// What subscribers hear, what `flows()` shows and when `settled` settles.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openPage, settle } from "./harness/front.mjs";

const startUrl = "/oauth/start/{provider}";
const completed = (id) => ["completed", { id, status: "completed", settledAt: 5, integrationId: "int_1" }];
const denied = (id) => ["cancelled", { id, status: "cancelled", settledAt: 5, provisional: true, error: { code: "access_denied", retryable: true } }];

async function ready(options = {}) {
  const front = await openPage();
  const sync = await front.OAuthSync.open({ startUrl, wasm: front.wasm, ...options });
  return { ...front, sync, core: front.core };
}

/** A listener that notes the types of what it hears. */
function listen(sync) {
  const heard = [];
  const stop = sync.subscribe(({ type }) => heard.push(type));
  return { heard, stop };
}

describe("subscribe", () => {
  test("tells_in_order_in_a_microtask_after_the_change", async () => {
    const { sync, core } = await ready();
    const { heard } = listen(sync);
    const { id } = sync.start("github");
    core.emit(completed(id));
    assert.deepEqual(heard, []);
    assert.equal(sync.latest("github").status, "completed");
    await Promise.resolve();
    assert.deepEqual(heard, ["started", "opened", "completed"]);
  });

  test("keeps_what_happened_before_the_first_subscriber_for_it_and_for_no_other", async () => {
    const { sync, core } = await ready();
    const { id } = sync.start("github");
    core.emit(["changed", { id, window: "closed" }]);
    core.emit(["changed", { id, window: "open" }]);
    await settle();
    assert.ok(!core.calls.some(([name]) => name === "told"));
    const first = listen(sync);
    await settle();
    const second = listen(sync);
    await settle();
    assert.deepEqual(first.heard, ["started", "opened", "changed"]);
    assert.deepEqual(second.heard, []);
  });

  test("loses_nothing_to_a_subscriber_that_leaves_before_it_is_told", async () => {
    const { sync } = await ready();
    sync.start("github");
    listen(sync).stop();
    await settle();
    const { heard } = listen(sync);
    await settle();
    assert.deepEqual(heard, ["started", "opened"]);
  });

  test("marks_events_as_told_after_the_listeners_have_returned", async () => {
    const { sync, core } = await ready();
    const marks = [];
    sync.subscribe(() => marks.push(core.calls.filter(([name]) => name === "told").length));
    sync.start("github");
    await settle();
    assert.deepEqual(marks, [0, 0]);
    assert.deepEqual(core.calls.at(-1), ["told", 2]);
  });

  test("lets_a_listener_that_throws_stop_no_other", async () => {
    const { sync, page, core } = await ready();
    const failure = new Error("mine");
    sync.subscribe(() => {
      throw failure;
    });
    const { heard } = listen(sync);
    sync.start("github");
    await settle();
    assert.deepEqual(heard, ["started", "opened"]);
    assert.deepEqual(page.reported, [failure, failure]);
    assert.equal(sync.diagnostics().listenerErrors, 2);
    assert.deepEqual(core.calls.at(-1), ["told", 2]);
  });

  // supabase auth-js#762: a client that is called from inside its own listener.
  test("lets_a_listener_call_anything", async () => {
    const { sync, core } = await ready();
    const { heard } = listen(sync);
    sync.subscribe(({ type, flow }) => {
      if (type !== "started" || flow.provider !== "github") return;
      sync.start("google");
      sync.cancel(flow.id);
      void sync.check();
    });
    sync.start("github");
    await settle();
    assert.deepEqual(heard, ["started", "opened", "started", "opened"]);
    assert.deepEqual(core.calls.filter(([name]) => name === "told"), [["told", 4]]);
    assert.ok(core.calls.some(([name]) => name === "check"));
  });

  test("stops_when_a_listener_closes_the_instance", async () => {
    const { sync, core } = await ready();
    const { heard } = listen(sync);
    sync.subscribe(() => sync.close());
    listen(sync);
    sync.start("github");
    await settle();
    assert.deepEqual(heard, ["started"]);
    assert.deepEqual(core.calls.slice(-2).map(([name]) => name), ["close", "free"]);
  });

  test("skips_a_listener_that_another_has_unsubscribed", async () => {
    const { sync } = await ready();
    sync.subscribe(() => second.stop());
    const second = listen(sync);
    sync.start("github");
    await settle();
    assert.deepEqual(second.heard, []);
  });

  test("gives_events_with_frozen_flows_and_no_numbers_of_its_own", async () => {
    const { sync } = await ready();
    const events = [];
    sync.subscribe((event) => events.push(event));
    sync.start("github", { appState: { deep: [{ er: 1 }] } });
    await settle();
    assert.deepEqual(Object.keys(events[0]).sort(), ["at", "flow", "type", "via"]);
    assert.ok([events[0], events[0].flow, events[0].flow.appState, events[0].flow.appState.deep, events[0].flow.appState.deep[0]].every(Object.isFrozen));
  });

  test("works_unbound", async () => {
    const { sync } = await ready();
    const { subscribe, flows, latest } = sync;
    const heard = [];
    subscribe(({ type }) => heard.push(type));
    const flow = sync.start("github");
    await settle();
    assert.equal(heard.length, 2);
    assert.deepEqual([flows(), latest("github")], [[flow], flow]);
  });
});

describe("flows", () => {
  test("are_the_same_frozen_array_until_something_changes", async () => {
    const { sync, core } = await ready();
    const empty = sync.flows();
    assert.equal(sync.flows(), empty);
    const { id } = sync.start("github");
    const one = sync.flows();
    assert.notEqual(one, empty);
    assert.ok(Object.isFrozen(one));
    core.emit(completed(id));
    assert.notEqual(sync.flows(), one);
  });

  test("show_a_new_object_only_where_something_in_it_changed", async () => {
    const { sync, core } = await ready();
    const { id } = sync.start("github");
    const before = sync.latest("github");
    core.emit(["changed", { id }]);
    assert.equal(sync.latest("github"), before);
    core.emit(["changed", { id, window: "closed" }]);
    assert.notEqual(sync.latest("github"), before);
  });

  test("are_newest_first_and_those_that_were_stored_come_with_ready", async () => {
    const front = await openPage();
    const flow = (id, startedAt) => ({ id, provider: "github", startedAt, expiresAt: startedAt + 1, startedHere: false, status: "pending", stage: "waiting", window: "unknown" });
    front.control.stored = [flow("stored-old", 10), flow("stored-new", 20)];
    const sync = new front.OAuthSync({ startUrl, wasm: front.wasm });
    const { id } = sync.start("github");
    await sync.ready;
    assert.deepEqual(sync.flows().map((each) => each.id), [id, "stored-new", "stored-old"]);
    assert.equal(sync.latest("github").id, id);
  });

  test("say_why_in_our_own_words", async () => {
    const { sync, core } = await ready();
    const { id } = sync.start("github");
    core.emit(denied(id));
    assert.deepEqual(sync.latest("github").error, { code: "access_denied", message: "Access was not granted.", retryable: true });
    core.emit(["failed", { id, status: "failed", provisional: false, error: { code: "constructor", retryable: false } }]);
    assert.equal(sync.latest("github").error.message, "The connection could not be made.");
  });

  test("lose_what_is_removed", async () => {
    const { sync, core } = await ready();
    const { id } = sync.start("github");
    sync.flows();
    core.emit(["removed", { id }]);
    assert.deepEqual(sync.flows(), []);
  });

  test("are_shared_by_the_instances_of_one_namespace_and_scope", async () => {
    const front = await ready();
    const { OAuthSync, sync, cores, wasm } = front;
    const twin = await OAuthSync.open({ startUrl, wasm });
    const stranger = await OAuthSync.open({ startUrl, wasm, scope: "someone else" });
    const { heard } = listen(twin);
    sync.start("github");
    await settle();
    assert.deepEqual(heard, ["started", "opened"]);
    assert.equal(twin.flows(), sync.flows());
    assert.deepEqual(stranger.flows(), []);
    assert.equal(cores.length, 2);
    sync.close();
    assert.equal(twin.flows().length, 1);
    assert.ok(!cores[0].calls.some(([name]) => name === "close"));
    twin.close();
    assert.deepEqual(cores[0].calls.slice(-2).map(([name]) => name), ["close", "free"]);
  });
});

describe("settled", () => {
  test("gives_the_first_verdict_also_a_provisional_one", async () => {
    const { sync, core } = await ready();
    const { id } = sync.start("github");
    const settled = sync.settled(id);
    core.emit(denied(id));
    core.emit(completed(id));
    assert.equal((await settled).status, "cancelled");
    assert.equal((await sync.settled(id)).status, "completed");
  });

  test("rejects_with_removed_for_an_unknown_flow_once_stored_ones_are_back", async () => {
    const front = await openPage();
    const sync = new front.OAuthSync({ wasm: front.wasm });
    await assert.rejects(sync.settled("no-such-flow"), { name: "OAuthSyncError", code: "removed" });
    assert.equal(sync.diagnostics().ready, true);
  });

  test("rejects_when_the_flow_is_removed_the_instance_closed_or_the_signal_aborted", async () => {
    const { sync, core } = await ready();
    const [one, two] = [sync.start("github"), sync.start("google")];
    const controller = new AbortController();
    const [removed, aborted, closed] = [sync.settled(one.id), sync.settled(two.id, { signal: controller.signal }), sync.settled(two.id)];
    controller.abort("enough");
    await assert.rejects(aborted, (reason) => reason === "enough");
    await assert.rejects(sync.settled(two.id, { signal: controller.signal }), (reason) => reason === "enough");
    // As of Chrome 97: a signal without methods that came later.
    controller.signal.throwIfAborted = undefined;
    await assert.rejects(sync.settled(two.id, { signal: controller.signal }), (reason) => reason === "enough");
    core.emit(["removed", { id: one.id }]);
    await assert.rejects(removed, { code: "removed" });
    sync.close();
    await assert.rejects(closed, { code: "closed" });
    await assert.rejects(sync.settled(two.id), { code: "closed" });
  });
});

describe("close", () => {
  test("may_be_called_twice_and_makes_later_calls_do_nothing_but_start_throw", async () => {
    const { sync, core } = await ready();
    const flow = sync.start("github");
    const { heard } = listen(sync);
    sync[Symbol.dispose]();
    sync.close();
    sync.close();
    const { length } = core.calls;
    sync.cancel(flow.id);
    sync.dismiss(flow.id);
    sync.reset();
    sync.report(flow.id, { status: "completed" });
    await sync.check();
    sync.subscribe(() => assert.fail("it is closed"));
    await settle();
    assert.equal(core.calls.length, length);
    assert.deepEqual(heard, []);
    assert.deepEqual(sync.flows(), [flow]);
    assert.equal(sync.diagnostics().ready, false);
    assert.throws(() => sync.start("github"), { name: "OAuthSyncError", code: "closed" });
    assert.throws(() => sync.retry(flow.id), { code: "closed" });
  });

  test("before_the_module_is_there_makes_no_core", async () => {
    const front = await openPage();
    const sync = new front.OAuthSync({ wasm: front.wasm });
    const { ready: promise } = sync;
    sync.close();
    await assert.rejects(promise, { code: "closed" });
    assert.equal(front.cores.length, 0);
  });

  test("lets_the_next_instance_begin_anew", async () => {
    const { OAuthSync, sync, wasm, cores } = await ready();
    sync.close();
    await OAuthSync.open({ wasm });
    assert.equal(cores.length, 2);
  });
});
