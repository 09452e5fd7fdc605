// How the module comes into the page, or does not.
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { FakeWindow } from "./harness/fake-window.mjs";
import { moduleStamped, openPage, settle } from "./harness/front.mjs";

const { compile, compileStreaming, instantiate } = WebAssembly;
const { fetch } = globalThis;
afterEach(() => {
  Object.assign(WebAssembly, { compile, compileStreaming, instantiate });
  globalThis.fetch = fetch;
});

const answer = (body, init) => async () => new Response(body, init);
const refused = async () => {
  throw new WebAssembly.CompileError("violates the following Content Security policy directive");
};
const bytes = Buffer.concat([Buffer.from([0, 97, 115, 109, 1, 0, 0, 0]), Buffer.from("\x00\x0f\x0aoauth-synctest", "latin1")]);

describe("ready", () => {
  test("resolves_with_the_module_from_an_address_bytes_or_compiled", async () => {
    for (const wasm of ["/module.wasm", new URL("https://cdn.example/module.wasm"), bytes, bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), moduleStamped("test")]) {
      const front = await openPage();
      globalThis.fetch = answer(bytes, { headers: { "content-type": "application/octet-stream" } });
      await (await front.OAuthSync.open({ wasm })).ready;
      assert.equal(front.cores.length, 1);
    }
  });

  test("compiles_while_the_module_arrives_where_its_media_type_allows", async () => {
    const front = await openPage();
    let streamed = 0;
    globalThis.fetch = answer(bytes, { headers: { "content-type": "application/wasm" } });
    WebAssembly.compileStreaming = (...args) => (streamed += 1) && compileStreaming.apply(WebAssembly, args);
    await front.OAuthSync.open();
    assert.equal(streamed, 1);
  });

  test("fetches_from_beside_this_file_as_soon_as_there_is_an_instance_and_once_a_page", async () => {
    const front = await openPage();
    const asked = [];
    globalThis.fetch = async (url) => asked.push(String(url)) && new Response(bytes);
    const one = new front.OAuthSync({ scope: "a" });
    await Promise.resolve();
    assert.equal(asked.length, 1);
    assert.match(asked[0], /\/oauth_sync_bg\.wasm$/);
    await Promise.all([one.ready, new front.OAuthSync({ scope: "b" }).ready]);
    assert.equal(asked.length, 1);
  });

  for (const [name, code, fault] of [
    ["the_network_fails", "wasm_unreachable", () => { globalThis.fetch = async () => { throw new TypeError("fetch failed"); }; }],
    ["the_file_is_missing", "wasm_unreachable", () => { globalThis.fetch = answer("", { status: 404 }); }],
    ["a_sign_in_page_comes_instead", "wasm_unreachable", () => { globalThis.fetch = answer("<!doctype html>", { headers: { "content-type": "text/html" } }); }],
    ["the_policy_forbids_it", "wasm_blocked", () => {
      globalThis.fetch = answer(bytes);
      WebAssembly.compile = refused;
      WebAssembly.instantiate = refused;
    }],
    ["the_policy_forbids_its_start_alone", "wasm_blocked", ({ control }) => {
      globalThis.fetch = answer(bytes);
      WebAssembly.instantiate = refused;
      control.initError = new WebAssembly.CompileError("Refused to create a WebAssembly object");
    }],
    ["the_module_is_of_another_build", "wasm_mismatch", () => { globalThis.fetch = answer(Buffer.from(bytes.toString("latin1").replace("test", "tost"), "latin1")); }],
    ["the_module_does_not_fit_its_glue", "wasm_mismatch", ({ control }) => {
      globalThis.fetch = answer(bytes);
      control.initError = new WebAssembly.LinkError("import object field is not a Function");
    }],
    ["the_module_cannot_begin", "wasm_mismatch", ({ control }) => {
      globalThis.fetch = answer(bytes);
      control.constructError = new WebAssembly.RuntimeError("unreachable");
    }],
  ]) {
    test(`rejects_with_${code}_when_${name}_and_the_page_lives_on`, async () => {
      const front = await openPage();
      fault(front);
      const unhandled = [];
      const note = (reason) => unhandled.push(reason);
      process.on("unhandledRejection", note);
      const sync = new front.OAuthSync({ startUrl: "/start/{provider}" });
      const flow = sync.start("github");
      const settled = sync.settled(flow.id);
      settled.catch(() => {});
      await settle();
      await settle();
      process.off("unhandledRejection", note);
      assert.deepEqual(unhandled, []);
      await assert.rejects(sync.ready, (error) => error instanceof front.OAuthSyncError && error.code === code && error.message.length > 0);
      await assert.rejects(settled, { code: "closed" });
      assert.equal(front.page.opened[0].href, `https://app.example/start/github?flow=${flow.id}`);
      assert.deepEqual(sync.flows(), [flow]);
      assert.equal(sync.diagnostics().ready, false);
      sync.cancel(flow.id);
      await sync.check(flow.id);
      sync.close();
      assert.deepEqual(front.page.reported, []);
    });
  }

  test("rejects_the_next_instance_only_if_it_fails_again", async () => {
    const front = await openPage();
    globalThis.fetch = answer("", { status: 503 });
    await assert.rejects(front.OAuthSync.open(), { code: "wasm_unreachable" });
    globalThis.fetch = answer(bytes);
    await front.OAuthSync.open();
  });
});

describe("without a window", () => {
  test("an_instance_is_inert", async () => {
    FakeWindow.leave();
    const front = await openPage({ page: null, node: true });
    globalThis.fetch = () => assert.fail("nothing is fetched on a server");
    const sync = await front.OAuthSync.open({ statusUrl: "/oauth/status", startUrl: "/oauth/start/{provider}" });
    assert.deepEqual([sync.flows(), sync.latest("github"), front.cores.length], [[], undefined, 0]);
    sync.subscribe(() => {})();
    sync.reset();
    await sync.check();
    assert.deepEqual(sync.diagnostics(), { version: "0.1.0", ready: false, poller: "none", facilities: {}, dropped: {}, listenerErrors: 0 });
    assert.throws(() => sync.start("github"), { code: "closed" });
    assert.throws(() => new front.OAuthSync({ statusUrl: 5 }), { name: "TypeError", message: /statusUrl/ });
    sync.close();
  });
});
