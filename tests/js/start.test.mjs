// What a click does: `start`, `retry` and the windows that they open.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeHandle } from "./harness/fake-window.mjs";
import { openPage, settle } from "./harness/front.mjs";

const startUrl = "/oauth/start/{provider}";
const never = () => new Promise(() => {});

async function ready(options = {}, page) {
  const front = await openPage(page);
  const sync = await front.OAuthSync.open({ startUrl, wasm: front.wasm, ...options });
  return { ...front, sync, core: front.core };
}

describe("start", () => {
  test("opens_a_centred_popup_at_the_filled_in_address_in_the_click", async () => {
    const { sync, page } = await ready();
    const flow = sync.start("git hub");
    assert.equal(page.opened.length, 1);
    const [{ href, name, features }] = page.opened;
    assert.equal(href, `https://app.example/oauth/start/git%20hub?flow=${flow.id}`);
    assert.equal(features, "popup,width=600,height=720,left=300,top=90");
    assert.notEqual(name, "_blank");
    assert.match(flow.id, /^[\w-]{8,64}$/);
    assert.deepEqual([flow.provider, flow.status, flow.window, flow.startedHere], ["git hub", "pending", "open", true]);
  });

  test("keeps_the_query_of_the_start_url", async () => {
    const { sync, page } = await ready({ startUrl: "https://api.example/start?p={provider}&x=a%20b" });
    const { id } = sync.start("github");
    assert.equal(page.opened[0].href, `https://api.example/start?p=github&x=a%20b&flow=${id}`);
  });

  test("opens_its_window_before_the_module_is_there", async () => {
    const { OAuthSync, page, cores } = await openPage();
    globalThis.fetch = never;
    const sync = new OAuthSync({ startUrl, wasm: "https://app.example/slow.wasm" });
    const flow = sync.start("github", { appState: { from: "menu" } });
    assert.equal(page.opened.length, 1);
    assert.deepEqual(sync.flows(), [flow]);
    assert.deepEqual(flow.appState, { from: "menu" });
    assert.equal(cores.length, 0);
    assert.equal(sync.diagnostics().ready, false);
  });

  test("hands_to_the_module_what_happened_before_it_was_there", async () => {
    const front = await openPage();
    const sync = new front.OAuthSync({ startUrl, wasm: front.wasm });
    const { id, startedAt } = sync.start("github");
    sync.cancel(id);
    await sync.ready;
    const [[, request], [, watched, handle], cancel] = front.core.calls;
    assert.deepEqual(request, { flowId: id, provider: "github", startedAt, window: "open", href: front.page.opened[0].href });
    assert.deepEqual([watched, handle], [id, front.page.opened[0].handle]);
    assert.deepEqual(cancel, ["cancel", id]);
  });

  test("leaves_the_flow_id_for_the_window_it_opens_and_for_no_other", async () => {
    const { sync, page } = await ready();
    const { id } = sync.start("github");
    assert.deepEqual(JSON.parse(page.opened[0].left), { flowId: id });
    assert.equal(page.sessionStorage.getItem("oauth-status"), null);
  });

  test("says_that_a_popup_was_blocked", async () => {
    const { sync, page, core } = await ready();
    page.blocksPopups = true;
    const flow = sync.start("github");
    assert.equal(flow.window, "blocked");
    assert.ok(flow.href.endsWith(`flow=${flow.id}`));
    assert.ok(!core.calls.some(([name]) => name === "watch"));
  });

  test("opens_a_tab_without_features", async () => {
    const { sync, page } = await ready();
    sync.start("github", { target: "tab" });
    assert.equal(page.opened[0].features, "");
  });

  test("goes_on_in_a_window_that_was_opened_in_the_click", async () => {
    const { sync, page } = await ready();
    const target = new FakeHandle();
    const { id } = sync.start("github", { target });
    assert.equal(page.opened.length, 0);
    assert.deepEqual(target.locations, [`https://app.example/oauth/start/github?flow=${id}`]);
    assert.deepEqual(JSON.parse(target.sessionStorage.getItem("oauth-status")), { flowId: id });
  });

  test("brings_the_open_window_of_a_provider_to_the_front_and_starts_nothing", async () => {
    const { sync, page, core } = await ready();
    const first = sync.start("github");
    const second = sync.start("github");
    assert.equal(second.id, first.id);
    assert.equal(page.opened.length, 1);
    assert.equal(page.opened[0].handle.focused, 1);
    const given = new FakeHandle();
    assert.equal(sync.start("github", { target: given }).id, first.id);
    assert.equal(given.closed, true);
    assert.equal(core.calls.filter(([name]) => name === "start").length, 1);
    assert.notEqual(sync.start("google").id, first.id);
  });

  test("starts_anew_once_that_window_is_closed_or_its_flow_has_settled", async () => {
    const { sync, page, core } = await ready();
    const first = sync.start("github");
    page.opened[0].handle.close();
    const second = sync.start("github");
    assert.notEqual(second.id, first.id);
    core.emit(["completed", { id: second.id, status: "completed", settledAt: 1 }]);
    assert.notEqual(sync.start("github").id, second.id);
  });

  test("takes_an_id_of_the_callers_and_opens_a_pending_flow_of_that_id_again", async () => {
    const { sync, page, core } = await ready();
    assert.equal(sync.start("github", { flowId: "from-the-server" }).id, "from-the-server");
    page.opened[0].handle.close();
    assert.equal(sync.start("github", { flowId: "from-the-server" }).id, "from-the-server");
    assert.deepEqual(core.calls.map(([name]) => name).filter((name) => name !== "watch"), ["start", "reopen"]);
    page.opened[1].handle.close();
    assert.throws(() => sync.start("google", { flowId: "from-the-server" }), { name: "TypeError", message: /flowId/ });
  });
});

describe("a function for the address", () => {
  test("gets_a_blank_window_first_and_sends_it_on", async () => {
    const { sync, page, core } = await ready({ startUrl: async ({ provider, flowId }) => `https://idp.example/${provider}/${flowId}` });
    const { id } = sync.start("github");
    assert.equal(page.opened[0].href, "");
    assert.equal(core.calls[0][1].href, undefined);
    await settle();
    assert.deepEqual(page.opened[0].handle.locations, [`https://idp.example/github/${id}`]);
    assert.deepEqual(core.calls.at(-1), ["href", id, `https://idp.example/github/${id}`]);
  });

  test("runs_after_start_has_returned", async () => {
    let isReturned = false;
    const { sync } = await ready({ startUrl: () => {
      assert.ok(isReturned);
      return "/here";
    } });
    sync.start("github");
    isReturned = true;
    await settle();
  });

  for (const [name, url] of [
    ["throws", () => { throw new Error("no"); }],
    ["rejects", () => Promise.reject(new Error("no"))],
    ["gives_a_script", () => "javascript:alert(1)"],
    ["gives_no_address", () => undefined],
  ]) {
    test(`closes_the_blank_window_when_it_${name}`, async () => {
      const { sync, page, core } = await ready();
      const { id } = sync.start("github", { url });
      await settle();
      assert.equal(page.opened[0].handle.closed, true);
      assert.deepEqual(core.calls.at(-1), ["startFailed", id]);
    });
  }

  test("is_told_by_its_signal_that_the_flow_is_over_and_its_blank_window_closes", async () => {
    let signal;
    const { sync, page, core } = await ready({ startUrl: (request) => ({ signal } = request) && never() });
    const { id } = sync.start("github");
    await settle();
    assert.equal(signal.aborted, false);
    core.emit(["cancelled", { id, status: "cancelled", settledAt: 1, provisional: true, error: { code: "cancelled_by_user", retryable: true } }]);
    await settle();
    assert.equal(signal.aborted, true);
    assert.equal(page.opened[0].handle.closed, true);
  });

  test("comes_too_late_for_a_closed_instance", async () => {
    let give;
    const { sync, page } = await ready({ startUrl: () => new Promise((resolve) => (give = resolve)) });
    sync.start("github");
    await settle();
    sync.close();
    give("/late");
    await settle();
    assert.equal(page.opened[0].handle.closed, true);
    assert.deepEqual(page.opened[0].handle.locations, []);
  });

  test("may_close_the_instance_and_start_again_from_inside", async () => {
    const { sync, page } = await ready({ startUrl: () => {
      assert.equal(sync.start("github").provider, "github");
      sync.close();
      return "/x";
    } });
    sync.start("github");
    await settle();
    assert.equal(page.opened.length, 1);
    assert.deepEqual(page.reported, []);
  });
});

describe("a redirect", () => {
  test("leaves_only_after_the_flow_is_stored_and_says_where_to_come_back_to", async () => {
    const front = await openPage();
    const sync = new front.OAuthSync({ startUrl, wasm: front.wasm });
    const flow = sync.start("github", { target: "redirect" });
    assert.equal(flow.window, "unknown");
    assert.deepEqual(front.page.departures, []);
    await sync.ready;
    await settle();
    assert.deepEqual(front.core.calls.map(([name]) => name), ["start"]);
    const [{ to, left }] = front.page.departures;
    assert.equal(to, `https://app.example/oauth/start/github?flow=${flow.id}`);
    assert.deepEqual(JSON.parse(left), { flowId: flow.id, returnTo: "https://app.example/settings?tab=1" });
  });

  test("goes_back_to_a_page_of_this_origin_only", async () => {
    const { sync, page } = await ready();
    for (const returnTo of ["https://evil.example/", "javascript:alert(1)", "//evil.example", "https://app.example:444/"]) {
      assert.throws(() => sync.start("github", { target: "redirect", returnTo }), { name: "TypeError", message: /returnTo/ });
    }
    sync.start("github", { target: "redirect", returnTo: "/done" });
    await settle();
    assert.equal(JSON.parse(page.departures[0].left).returnTo, "https://app.example/done");
  });

  test("does_not_leave_for_a_flow_that_was_cancelled_in_the_meantime", async () => {
    let give;
    const { sync, page, core } = await ready({ startUrl: () => new Promise((resolve) => (give = resolve)) });
    const { id } = sync.start("github", { target: "redirect" });
    await settle();
    core.emit(["cancelled", { id, status: "cancelled", settledAt: 1, provisional: true, error: { code: "cancelled_by_user", retryable: true } }]);
    give("/late");
    await settle();
    assert.deepEqual(page.departures, []);
  });
});

describe("retry", () => {
  test("opens_a_pending_flow_again_under_its_id", async () => {
    const { sync, page, core } = await ready();
    const { id } = sync.start("github", { width: 300, height: 400 });
    page.opened[0].handle.close();
    assert.equal(sync.retry(id).id, id);
    assert.equal(page.opened[1].href, page.opened[0].href);
    assert.match(page.opened[1].features, /width=300,height=400/);
    assert.deepEqual(core.calls.at(-2), ["reopen", id, "open", page.opened[1].href]);
    assert.deepEqual(core.calls.at(-1), ["watch", id, page.opened[1].handle]);
  });

  test("sends_a_window_that_is_still_open_to_a_new_attempt", async () => {
    const { sync, page } = await ready();
    const { id } = sync.start("github");
    sync.retry(id);
    assert.equal(page.opened.length, 1);
    assert.deepEqual(page.opened[0].handle.locations, [page.opened[0].href]);
    assert.equal(page.opened[0].handle.focused, 1);
  });

  test("follows_a_settled_flow_with_a_new_one_of_the_same_state", async () => {
    const { sync, core } = await ready();
    const { id } = sync.start("github", { appState: ["here"] });
    core.emit(["failed", { id, status: "failed", settledAt: 1, provisional: false, error: { code: "server_error", retryable: true } }]);
    const next = sync.retry(id);
    assert.notEqual(next.id, id);
    assert.equal(next.retryOf, id);
    assert.deepEqual(next.appState, ["here"]);
    assert.equal(sync.retry(id).id, next.id);
  });

  test("throws_removed_for_a_flow_that_is_not_there", async () => {
    const { sync } = await ready();
    assert.throws(() => sync.retry("no-such-flow"), { name: "OAuthSyncError", code: "removed" });
  });
});

describe("arguments", () => {
  test("are_refused_by_name_and_nothing_is_opened", async () => {
    const { sync, page, core } = await ready();
    const cyclic = {};
    cyclic.self = cyclic;
    for (const [provider, options, name] of [
      ["", {}, "provider"], [5, {}, "provider"], ["a\n", {}, "provider"], ["x".repeat(65), {}, "provider"],
      ["github", null, "options"], ["github", { url: "javascript:1" }, "url"], ["github", { url: 5 }, "url"], ["github", { url: "" }, "url"], ["é".repeat(33), {}, "provider"],
      ["github", { target: "window" }, "target"], ["github", { target: {} }, "target"], ["github", { width: "600" }, "width"],
      ["github", { height: -1 }, "height"], ["github", { flowId: "short" }, "flowId"], ["github", { flowId: "has space in it" }, "flowId"],
      ["github", { appState: cyclic }, "appState"], ["github", { appState: () => {} }, "appState"], ["github", { appState: "x".repeat(2047) }, "appState"],
    ]) {
      assert.throws(() => sync.start(provider, options), (error) => error instanceof TypeError && error.message.includes(name), name);
    }
    assert.deepEqual([page.opened, core.calls, sync.flows()], [[], [], []]);
    sync.start("github", { appState: "x".repeat(2046) });
  });

  test("need_an_address_from_somewhere", async () => {
    const front = await openPage();
    const sync = await front.OAuthSync.open({ wasm: front.wasm });
    assert.throws(() => sync.start("github"), { name: "TypeError", message: /url/ });
    assert.equal(front.page.opened.length, 0);
  });
});
