// What `new OAuthSync` takes, and what it makes of it for the module.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openPage, settle } from "./harness/front.mjs";

describe("options", () => {
  test("that_are_bad_are_a_TypeError_that_names_them", async () => {
    const { OAuthSync, cores } = await openPage();
    for (const [options, name] of [
      [null, "options"], ["x", "options"], [{ statusURL: "/x" }, "statusURL"], [{ constructor: 1 }, "constructor"],
      [{ checkStatus: 5 }, "checkStatus"], [{ statusUrl: "" }, "statusUrl"], [{ cancelUrl: new URL("https://a.example") }, "cancelUrl"], [{ statusUrl: "javascript:1" }, "statusUrl"], [{ statusUrl: null }, "statusUrl"],
      [{ statusUrl: "/x", checkStatus() {} }, "checkStatus"], [{ startUrl: 5 }, "startUrl"], [{ startUrl: "ftp://x" }, "startUrl"],
      [{ eventsUrl: 1 }, "eventsUrl"], [{ fetch: "x" }, "fetch"], [{ namespace: "" }, "namespace"], [{ namespace: "a:b" }, "namespace"],
      [{ scope: 5 }, "scope"], [{ scope: "x".repeat(4097) }, "scope"], [{ cancelUrl: {} }, "cancelUrl"], [{ tiers: [] }, "tiers"], [{ tiers: [{ every: 0, polls: 1 }] }, "tiers"],
      [{ tiers: [{ every: 1, polls: 1.5 }] }, "tiers"], [{ tiers: [null] }, "tiers"], [{ tiers: Array(3) }, "tiers"], [{ tiers: Array(17).fill({ every: 1, polls: 1 }) }, "tiers"], [{ slowAfter: NaN }, "slowAfter"],
      [{ overdueAfter: -1 }, "overdueAfter"], [{ expireAfter: "1" }, "expireAfter"], [{ keepSettled: Infinity }, "keepSettled"],
      [{ confirm: 1 }, "confirm"], [{ callbackOrigins: "https://a.example" }, "callbackOrigins"], [{ callbackOrigins: ["*"] }, "callbackOrigins"],
      [{ callbackOrigins: ["https://a.example/"] }, "callbackOrigins"], [{ callbackOrigins: Array(1) }, "callbackOrigins"], [{ callbackOrigins: Array(65).fill("https://a.example") }, "callbackOrigins"],
      [{ statusUrl: `/${"x".repeat(4096)}` }, "statusUrl"], [{ cancelUrl: `/${"x".repeat(4096)}` }, "cancelUrl"], [{ wasm: 5 }, "wasm"], [{ log: true }, "log"],
    ]) {
      assert.throws(() => new OAuthSync(options), (error) => error instanceof TypeError && error.message.includes(name), JSON.stringify(options));
    }
    assert.equal(cores.length, 0);
  });

  test("that_are_undefined_are_not_there", async () => {
    const { OAuthSync, wasm } = await openPage();
    await OAuthSync.open({ wasm, statusUrl: undefined, checkStatus: undefined, tiers: undefined, scope: undefined });
  });

  test("reach_the_module_as_text_and_numbers", async () => {
    const front = await openPage();
    await front.OAuthSync.open({ wasm: front.wasm, statusUrl: new URL("https://api.example/status"), tiers: [{ every: 5, polls: 2 }], confirm: false, callbackOrigins: ["https://cb.example"] });
    assert.deepEqual(front.core.options, { namespace: "oauth-status", scope: "", statusUrl: "https://api.example/status", tiers: [{ every: 5, polls: 2 }], confirm: false, callbackOrigins: ["https://cb.example"] });
  });

  test("that_are_functions_never_run_inside_the_module", async () => {
    const front = await openPage();
    const calls = [];
    const boom = (name) => (...args) => {
      calls.push([name, ...args]);
      throw new Error(name);
    };
    await front.OAuthSync.open({ wasm: front.wasm, checkStatus: boom("checkStatus"), fetch: boom("fetch") });
    const { checkStatus, fetch } = front.core.options;
    const answers = [checkStatus({ flowId: "x" }), fetch("/status", {})];
    assert.deepEqual(calls, []);
    for (const answer of answers) await assert.rejects(answer, /checkStatus|fetch/);
    assert.deepEqual(calls, [["checkStatus", { flowId: "x" }], ["fetch", "/status", {}]]);
    await settle();
  });
});

describe("flow ids", () => {
  test("that_are_none_are_a_TypeError", async () => {
    const front = await openPage();
    const sync = await front.OAuthSync.open({ wasm: front.wasm });
    for (const method of ["retry", "cancel", "dismiss", "report"]) assert.throws(() => sync[method]("short"), { name: "TypeError", message: /flowId/ }, method);
    await assert.rejects(sync.settled(undefined), { name: "TypeError", message: /flowId/ });
    await assert.rejects(sync.check(5), { name: "TypeError", message: /flowId/ });
    assert.deepEqual(front.core.calls, []);
  });
});

describe("other arguments", () => {
  test("that_are_none_are_a_TypeError_that_names_them", async () => {
    const front = await openPage();
    const sync = await front.OAuthSync.open({ wasm: front.wasm });
    const bad = { name: "TypeError" };
    assert.throws(() => sync.subscribe("x"), { ...bad, message: /listener/ });
    for (const none of [null, "x", 5]) {
      assert.throws(() => sync.report("flow-id-1", none), { ...bad, message: /reply/ });
      assert.throws(() => sync.subscribe(() => {}, none), { ...bad, message: /options/ });
      await assert.rejects(sync.settled("flow-id-1", none), { ...bad, message: /options/ });
      await assert.rejects(sync.settled("flow-id-1", { signal: none }), { ...bad, message: /signal/ });
    }
    assert.deepEqual(front.core.calls, []);
  });
});
