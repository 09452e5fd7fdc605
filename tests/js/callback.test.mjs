// What a callback page sends, and to whom.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { finish, notify, noticeFromUrl } from "../../js/callback.js";
import { FakeWindow } from "./harness/fake-window.mjs";

const RealChannel = globalThis.BroadcastChannel;
const origin = "https://app.example";
const success = { provider: "github", success: true, integrationId: "int_1" };
const failure = { provider: "github", success: false, error: { code: "access_denied" } };
const tick = () => new Promise((resolve) => setImmediate(resolve));

let page;
let channels;
let listeners;

class FakeChannel {
  sent = [];
  isClosed = false;
  constructor(name) {
    this.name = name;
    channels.push(this);
  }
  postMessage(message) {
    this.sent.push(structuredClone(message));
  }
  close() {
    this.isClosed = true;
  }
}

const ack = (id) => ({ type: "oauth-ack", v: 1, id });
const hear = (event) => [...listeners].forEach((listener) => listener(event));
const newOpener = (more = {}) => ({ closed: false, sent: [], postMessage(...args) { this.sent.push(args); }, ...more });

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  channels = [];
  listeners = new Set();
  page = new FakeWindow(`${origin}/callback`);
  page.enter();
  Object.assign(globalThis, {
    BroadcastChannel: FakeChannel,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
    close: () => (globalThis.closed = true),
  });
});
afterEach(() => {
  mock.timers.reset();
  FakeWindow.leave();
  for (const name of ["addEventListener", "removeEventListener", "close"]) delete globalThis[name];
  globalThis.BroadcastChannel = RealChannel;
});

/** Lets the 500 ms pass. */
async function unheard(promise) {
  await tick();
  mock.timers.tick(500);
  return promise;
}

describe("notify", () => {
  test("sends_a_success_by_every_channel_and_under_the_plain_key", async () => {
    globalThis.opener = newOpener();
    const result = await unheard(notify({ ...success, flowId: "flow-id-1", integrations: [{ tool: "jira", id: "7", more: 1 }], secret: "no" }));
    assert.deepEqual(result, { acknowledged: false, channels: { storage: "sent", broadcast_channel: "sent", post_message: "sent" } });
    const [[message, target]] = globalThis.opener.sent;
    const { id, timestamp, ...rest } = message;
    assert.equal(target, origin);
    assert.deepEqual(rest, { type: "oauth-complete", v: 1, provider: "github", success: true, flowId: "flow-id-1", integrationId: "int_1", integrations: [{ tool: "jira", id: "7" }] });
    assert.ok(id.length >= 16 && id.length <= 64 && Number.isInteger(timestamp));
    assert.deepEqual([channels[0].name, channels[0].sent], ["oauth-status", [message]]);
    for (const key of ["oauth-status", "oauth-status:flow-id-1"]) assert.deepEqual(JSON.parse(page.localStorage.getItem(key)), message);
  });

  test("keeps_a_failure_out_of_the_plain_key_and_of_the_type_that_hand_written_listeners_look_at", async () => {
    await unheard(notify({ ...failure, error: { code: "access_denied", message: "free text" } }));
    const [message] = channels[0].sent;
    assert.deepEqual([message.type, message.success, message.error], ["oauth-failed", false, { code: "access_denied" }]);
    assert.equal(page.localStorage.getItem("oauth-status"), null);
    assert.deepEqual(JSON.parse(page.localStorage.getItem(`oauth-status:p:${message.id}`)), message);
  });

  test("names_a_failure_without_a_code_server_error", async () => {
    await unheard(notify({ provider: "github", success: false }));
    assert.deepEqual(channels[0].sent[0].error, { code: "server_error" });
  });

  test("gives_every_notice_an_id_of_its_own", async () => {
    await unheard(Promise.all([notify(success), notify(success)]));
    assert.notEqual(channels[0].sent[0].id, channels[1].sent[0].id);
  });

  test("takes_the_flow_id_that_start_left_unless_it_is_told_one", async () => {
    page.sessionStorage.setItem("oauth-status", JSON.stringify({ flowId: "left-by-start" }));
    await unheard(notify(success));
    await unheard(notify({ ...success, flowId: "told-by-page" }));
    page.sessionStorage.setItem("oauth-status", JSON.stringify({ flowId: "<bad>" }));
    await unheard(notify(success));
    assert.deepEqual(channels.map(({ sent: [{ flowId }] }) => flowId), ["left-by-start", "told-by-page", undefined]);
  });

  test("does_not_lose_an_unread_success_to_a_failure_of_the_same_flow", async () => {
    await unheard(notify({ ...success, flowId: "flow-id-1" }));
    await unheard(notify({ ...failure, flowId: "flow-id-1" }));
    assert.equal(JSON.parse(page.localStorage.getItem("oauth-status:flow-id-1")).success, true);
  });

  test("prunes_to_64_slots_what_is_no_notice_first_and_then_the_oldest", async () => {
    page.localStorage.setItem("oauth-status:p:broken", "{");
    page.localStorage.setItem("another-key", "x");
    for (let at = 0; at < 64; at += 1) page.localStorage.setItem(`oauth-status:slot-${100 + at}`, JSON.stringify({ timestamp: 1000 + at }));
    await unheard(notify({ ...success, flowId: "flow-id-1" }));
    const keys = Object.keys(page.localStorage).filter((key) => key.startsWith("oauth-status:"));
    assert.equal(keys.length, 64);
    assert.ok(keys.includes("oauth-status:flow-id-1") && !keys.includes("oauth-status:p:broken") && !keys.includes("oauth-status:slot-100"));
    assert.equal(page.localStorage.getItem("another-key"), "x");
  });

  test("tells_a_foreign_origin_by_postMessage_alone_and_writes_nothing", async () => {
    globalThis.opener = newOpener();
    const result = await unheard(notify(success, { origin: "https://other.example" }));
    assert.deepEqual(result.channels, { storage: "missing", broadcast_channel: "missing", post_message: "sent" });
    assert.equal(globalThis.opener.sent[0][1], "https://other.example");
    assert.deepEqual([channels, Object.keys(page.localStorage)], [[], []]);
  });

  test("goes_on_with_the_other_channels_where_one_is_refused_or_missing", async () => {
    Object.defineProperty(globalThis, "localStorage", { get: () => { throw new DOMException("", "SecurityError"); }, configurable: true });
    globalThis.BroadcastChannel = class {
      constructor() {
        throw new DOMException("", "SecurityError");
      }
    };
    globalThis.opener = newOpener();
    assert.deepEqual((await unheard(notify(success))).channels, { storage: "failed", broadcast_channel: "failed", post_message: "sent" });
    Object.defineProperty(globalThis, "localStorage", { value: null, configurable: true });
    globalThis.BroadcastChannel = undefined;
    globalThis.opener = newOpener({ closed: true });
    assert.deepEqual((await unheard(notify(success))).channels, { storage: "missing", broadcast_channel: "missing", post_message: "missing" });
  });

  test("says_that_full_storage_failed", async () => {
    page.localStorage.setItem = () => { throw new DOMException("", "QuotaExceededError"); };
    assert.equal((await unheard(notify(success))).channels.storage, "failed");
  });
});

describe("an acknowledgement", () => {
  test("ends_the_waiting_at_once_and_leaves_nothing_behind", async () => {
    globalThis.opener = newOpener();
    const promise = notify(success);
    await tick();
    hear({ data: ack(globalThis.opener.sent[0][0].id), source: globalThis.opener, origin });
    assert.equal((await promise).acknowledged, true);
    assert.deepEqual([listeners.size, channels[0].isClosed], [0, true]);
  });

  test("counts_from_a_live_opener_alone", async () => {
    const opener = (globalThis.opener = newOpener());
    const promise = notify(success);
    await tick();
    const { id } = opener.sent[0][0];
    channels[0].onmessage({ data: ack(id), source: null, origin });
    hear({ data: ack(id), source: {}, origin });
    hear({ data: ack(id), source: opener, origin: "https://evil.example" });
    hear({ data: ack("another"), source: opener, origin });
    hear({ data: null, source: opener, origin });
    assert.equal((await unheard(promise)).acknowledged, false);
  });

  test("counts_from_any_tab_where_there_is_no_opener", async () => {
    const promise = notify(success);
    await tick();
    channels[0].onmessage({ data: { type: "oauth-complete", id: channels[0].sent[0].id }, source: null, origin });
    channels[0].onmessage({ data: ack(channels[0].sent[0].id), source: null, origin });
    assert.equal((await promise).acknowledged, true);
  });
});

describe("arguments", () => {
  test("are_refused_by_name_and_nothing_is_sent", async () => {
    globalThis.opener = newOpener();
    const many = Array.from({ length: 32 }, () => ({ tool: "t".repeat(64), id: "i".repeat(256) }));
    for (const [notice, options, name] of [
      [null, {}, "provider"], [{ ...success, provider: 5 }, {}, "provider"], [{ ...success, provider: "" }, {}, "provider"], [{ ...success, provider: "x".repeat(65) }, {}, "provider"],
      [{ ...success, success: "true" }, {}, "success"], [{ ...success, flowId: "short" }, {}, "flowId"], [{ ...success, flowId: null }, {}, "flowId"],
      [{ ...success, integrationId: 5 }, {}, "integrationId"], [{ ...success, integrationId: "x\u0000" }, {}, "integrationId"],
      [{ ...success, integrations: {} }, {}, "integrations"], [{ ...success, integrations: "ab" }, {}, "tool"], [{ ...success, integrations: [{ tool: "jira" }] }, {}, "id"],
      [{ ...success, integrations: [...many, many[0]] }, {}, "integrations"], [{ ...success, integrations: many }, {}, "notice"],
      [{ ...failure, error: "access_denied" }, {}, "code"], [{ ...failure, error: { code: "has space" } }, {}, "code"],
      [success, { origin: "*" }, "origin"], [success, { origin: "https://app.example/" }, "origin"], [success, { namespace: 5 }, "namespace"], [success, { namespace: "" }, "namespace"],
      [success, { namespace: "a:b" }, "namespace"], [success, { namespace: "a~b" }, "namespace"],
    ]) {
      await assert.rejects(notify(notice, options), (error) => error instanceof TypeError && error.message.includes(name), `${name} ${JSON.stringify(notice)}`);
    }
    for (const none of [null, "x", 5]) {
      for (const tell of [notify, finish]) await assert.rejects(tell(success, none), { name: "TypeError", message: /options/ });
    }
    await assert.rejects(finish(success, { fallback: "x" }), { name: "TypeError", message: /fallback/ });
    assert.deepEqual([channels, globalThis.opener.sent, Object.keys(page.localStorage)], [[], [], []]);
  });
});

describe("finish", () => {
  test("closes_the_window", async () => {
    const fallback = { hidden: true, isConnected: true };
    await unheard(finish(success, { fallback }));
    assert.deepEqual([globalThis.closed, fallback.hidden], [true, true]);
  });

  test("goes_back_where_a_redirect_came_from_and_forgets_it", async () => {
    page.sessionStorage.setItem("oauth-status", JSON.stringify({ flowId: "flow-id-1", returnTo: `${origin}/settings#tools` }));
    await unheard(finish(success));
    assert.deepEqual(page.replacements, [`${origin}/settings#tools`]);
    assert.equal(channels[0].sent[0].flowId, "flow-id-1");
    assert.equal(page.sessionStorage.getItem("oauth-status"), null);
    assert.equal(globalThis.closed, false);
  });

  test("goes_back_to_no_page_of_another_origin", async () => {
    for (const returnTo of ["https://evil.example/", "javascript:alert(1)", `${origin}.evil.example/`, `https://app.example@evil.example/`, `blob:${origin}/x`, 5, null]) {
      page.sessionStorage.setItem("oauth-status", JSON.stringify({ flowId: "flow-id-1", returnTo }));
      await unheard(finish(success));
    }
    assert.deepEqual(page.replacements, []);
  });

  test("shows_the_fallback_where_the_window_stays", async () => {
    globalThis.close = () => {};
    const fallback = { hidden: true, isConnected: false };
    await unheard(finish(success, { fallback }));
    assert.deepEqual(fallback, { hidden: false, isConnected: true });
  });
});

describe("noticeFromUrl", () => {
  for (const [url, notice] of [
    ["https://app.example/cb?provider=github&flow=flow-id-1&integration_id=int_1", { provider: "github", flowId: "flow-id-1", success: true, integrationId: "int_1" }],
    ["/cb?provider=github&error=access_denied#x?y", { provider: "github", success: false, error: { code: "access_denied" } }],
    ["?provider=github&flow=&integration_id=&error=", { provider: "github", success: true }],
    ["?provider=github&flow=%3Cbad%3E&error=the%20words%20of%20a%20provider", { provider: "github", success: false, error: { code: "server_error" } }],
    ["?provider=&error=access_denied", null],
    ["https://app.example/cb", null],
    ["https://app.example/cb#?provider=github", null],
  ]) {
    test(`reads_${url}`, () => {
      assert.deepEqual(noticeFromUrl(url), notice);
      if (url.startsWith("https:")) assert.deepEqual(noticeFromUrl(new URL(url)), notice);
    });
  }

  test("reads_this_page_by_default_and_refuses_what_is_no_url", () => {
    globalThis.location.href = `${origin}/cb?provider=google`;
    assert.deepEqual(noticeFromUrl(), { provider: "google", success: true });
    assert.throws(() => noticeFromUrl(5), { name: "TypeError", message: /url/ });
  });
});
