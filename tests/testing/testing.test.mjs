// `oauth-sync/testing`, as the tests of an app use it, in Node without a DOM.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OAuthSync } from "oauth-sync";
import { TestOAuthSync } from "oauth-sync/testing";

const MINUTE = 60_000;

/** An instance, and the types of the events that it has told. */
async function open(options) {
  const sync = await TestOAuthSync.open(options);
  const heard = [];
  sync.subscribe(({ type }) => heard.push(type));
  return { sync, heard };
}

describe("TestOAuthSync", () => {
  test("is_the_real_module_to_code_that_looks", async () => {
    const { sync } = await open();
    assert.equal(sync instanceof OAuthSync, true);
    assert.equal(sync instanceof TestOAuthSync, true);
    assert.deepEqual(new Set(Object.values(sync.diagnostics().facilities)), new Set(["ok"]));
    sync.close();
  });

  test("opens_windows_nowhere_and_tells_which", async () => {
    const { sync, heard } = await open({ startUrl: "https://app.example/go/{provider}" });
    const flow = sync.start("github");
    sync.start("google", { target: "tab" });
    assert.deepEqual(sync.opened, [
      { flowId: flow.id, url: `https://app.example/go/github?flow=${flow.id}`, target: "popup" },
      { flowId: sync.latest("google").id, url: `https://app.example/go/google?flow=${sync.latest("google").id}`, target: "tab" },
    ]);
    await sync.advance(0);
    assert.deepEqual(heard, ["started", "opened", "started", "opened"]);
    sync.close();
  });

  test("tells_the_address_that_a_function_has_found", async () => {
    const { sync } = await open({ startUrl: async ({ provider }) => `https://provider.example/${provider}` });
    sync.start("github");
    assert.equal(sync.opened[0].url, "");
    await sync.advance(0);
    assert.equal(sync.opened[0].url, "https://provider.example/github");
    sync.close();
  });

  test("tells_of_a_redirect_of_the_page_itself", async () => {
    const { sync } = await open();
    const { id } = sync.start("github", { target: "redirect" });
    await sync.advance(0);
    assert.deepEqual(sync.opened, [{ flowId: id, url: `http://localhost/oauth/start/github?flow=${id}`, target: "redirect" }]);
    sync.close();
  });

  test("answers_as_a_server_and_the_page_knows_when_it_resolves", async () => {
    const { sync, heard } = await open();
    const { id } = sync.start("github");
    await sync.answer(id, { status: "completed", integrationId: "int_1" });
    assert.equal(sync.latest("github").integrationId, "int_1");
    assert.equal(heard.at(-1), "completed");
    assert.equal((await sync.settled(id)).status, "completed");
    sync.close();
  });

  test("can_answer_one_thing_after_the_other", async () => {
    const { sync } = await open();
    const { id } = sync.start("github");
    await sync.answer(id, { status: "pending" });
    assert.equal(sync.latest("github").status, "pending");
    await sync.answer(id, { status: "cancelled", error: { code: "access_denied" } });
    assert.deepEqual([sync.latest("github").status, sync.latest("github").error.code], ["cancelled", "access_denied"]);
    // The server's last word is not asked for again, but a late success may still be pushed.
    sync.report(id, { completed: true, success: true });
    assert.equal(sync.latest("github").status, "completed");
    sync.close();
  });

  test("lets_hours_pass_in_no_time", async () => {
    const { sync, heard } = await open();
    const flow = sync.start("github");
    await sync.advance(2 * MINUTE);
    assert.equal(sync.latest("github").stage, "slow");
    await sync.advance(3 * MINUTE);
    assert.equal(sync.latest("github").stage, "overdue");
    await sync.advance(flow.expiresAt - flow.startedAt);
    assert.equal(sync.latest("github").status, "expired");
    assert.deepEqual(heard, ["started", "opened", "slow", "overdue", "expired"]);
    sync.close();
  });

  test("closes_a_window_which_the_page_notices_and_settles_nothing", async () => {
    const { sync, heard } = await open();
    const { id } = sync.start("github");
    await sync.closeWindow(id);
    assert.deepEqual([sync.latest("github").status, sync.latest("github").window], ["pending", "closed"]);
    assert.equal(heard.at(-1), "window_closed");
    sync.retry(id);
    assert.equal(sync.opened.length, 2);
    await sync.advance(0);
    assert.equal(sync.latest("github").window, "open");
    sync.close();
  });

  test("blocks_popups_and_allows_them_again", async () => {
    const { sync } = await open();
    sync.blockPopups = true;
    const { id } = sync.start("github");
    assert.deepEqual([sync.opened.length, sync.latest("github").window], [0, "blocked"]);
    sync.blockPopups = false;
    sync.retry(id);
    assert.equal(sync.opened.length, 1);
    sync.close();
  });

  test("hears_what_a_callback_page_would_say_and_asks_before_it_believes", async () => {
    const { sync, heard } = await open();
    const { id } = sync.start("github");
    const { acknowledged } = await sync.notify({ provider: "github", flowId: id, success: true });
    assert.equal(acknowledged, true);
    assert.equal(sync.latest("github").status, "pending");
    await sync.answer(id, { status: "completed" });
    assert.deepEqual(heard.filter((type) => type === "completed"), ["completed"]);
    sync.close();
  });

  test("works_before_the_module_is_there", async () => {
    const sync = new TestOAuthSync();
    const { id } = sync.start("github");
    await sync.answer(id, { status: "completed" });
    assert.equal(sync.latest("github").status, "completed");
    sync.close();
  });

  test("shares_nothing_with_another_one", async () => {
    const [{ sync: one }, { sync: other }] = [await open(), await open()];
    one.start("github");
    await one.advance(MINUTE);
    assert.deepEqual(other.flows(), []);
    const { startedAt } = other.start("github");
    assert.equal(startedAt < one.latest("github").startedAt + MINUTE, true);
    one.close();
    other.close();
  });

  test("touches_no_global_of_the_test", async () => {
    const before = Object.getOwnPropertyNames(globalThis).sort();
    const { setTimeout } = globalThis;
    const { sync } = await open();
    sync.start("github");
    await sync.advance(MINUTE);
    sync.close();
    assert.deepEqual(Object.getOwnPropertyNames(globalThis).sort(), before);
    assert.equal(globalThis.setTimeout, setTimeout);
  });

  for (const name of ["statusUrl", "checkStatus", "fetch"]) {
    test(`refuses_${name}_for_there_the_server_is_the_test`, () => {
      assert.throws(() => new TestOAuthSync({ [name]: () => {} }), new RegExp(`options.${name}`, "u"));
    });
  }

  test("refuses_to_let_no_time_pass", async () => {
    const { sync } = await open();
    await assert.rejects(sync.advance(-1), TypeError);
    await assert.rejects(sync.advance(Number.NaN), TypeError);
    sync.close();
  });
});
