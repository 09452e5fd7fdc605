// The wire vectors, which `tests/proto/vectors.rs` replays in Rust: what the built module makes of them, and what it writes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { newPage, scope } from "./harness/page.mjs";

const F = "flow-aaaa";
const read = async (name) => JSON.parse(await readFile(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
const json = (value) => new Response(JSON.stringify(value), { headers: { "Content-Type": "application/json" } });
const isDropped = (vector) => vector.read === "dropped";

/** What a person sees of how a flow ended; absent what is not known. */
const shown = ({ status, integrationId, integrations, error }) => ({ status, integrationId, integrations: integrations?.map((each) => ({ ...each })), code: error?.code });

/** The same, of what the vector says is read. */
function ended({ success, integrationId, integrations, error }) {
  const status = success ? "completed" : error.code === "access_denied" ? "cancelled" : "failed";
  return { status, integrationId, integrations, code: error?.code };
}

const unreadable = (sync) => ["foreign", "malformed", "oversized"].reduce((sum, reason) => sum + (sync.diagnostics().dropped[reason] ?? 0), 0);

describe("a notice", async () => {
  const WAYS = {
    "by postMessage": (page, input) => page.postMessage(input),
    "by BroadcastChannel": (page, input) => page.broadcast("oauth-status", input),
    "in its slot": (page, input) => page.write(`oauth-status:${F}`, input),
    "under the plain key": (page, input) => page.write("oauth-status", input),
  };
  for (const vector of await read("notices")) {
    for (const [way, send] of Object.entries(WAYS)) {
      if ((way === "under the plain key") !== (vector.from === "plain key")) continue;
      test(`${vector.name}, ${way}`, async () => {
        const page = newPage();
        const sync = await page.load();
        sync.start("github", { flowId: F });
        await page.advance(10);
        page.heard.length = 0;
        const before = unreadable(sync);
        await send(page, vector.input);
        await page.advance(10);
        const flow = sync.latest("github");
        if (isDropped(vector)) {
          assert.deepEqual([flow.status, unreadable(sync) - before], ["pending", 1]);
        } else {
          assert.equal(unreadable(sync), before);
          // One without a flow's id may be about an earlier flow: its time says so.
          const isEarlier = vector.read.flowId === undefined && vector.read.timestamp < flow.startedAt;
          assert.deepEqual(shown(flow), isEarlier ? { ...shown({}), status: "pending" } : ended(vector.read));
        }
        const passedOn = page.heard.filter((message) => message?.relayed === true);
        const isPassedOn = way === "by postMessage" && !isDropped(vector) && vector.input.relayed !== true;
        const isItself = way === "by BroadcastChannel" && vector.input?.relayed === true;
        assert.deepEqual(passedOn, isItself ? [vector.input] : isPassedOn ? [vector.read] : []);
        if (isPassedOn) {
          const slots = Object.keys(page.storage.local).filter((key) => key.startsWith("oauth-status:"));
          assert.deepEqual(slots.map((key) => JSON.parse(page.storage.local.getItem(key))), [vector.read]);
        }
        sync.close();
      });
    }
  }
});

describe("a message between windows", async () => {
  const ours = (input) => (input?.scope === "scope" ? { ...input, scope } : input);
  for (const vector of await read("messages")) {
    test(vector.name, async () => {
      const page = newPage({ now: 4 });
      const sync = await page.load({ statusUrl: "/oauth/status" });
      const { type, status } = vector.read;
      if (type === "oauth-sync-removal") {
        // What is dismissed or forgotten was there.
        const verdict = { status: "failed", basis: "server", error: "server_error", settledAt: 2 };
        await page.broadcast(`oauth-status~${scope}`, { type: "oauth-sync", v: 1, scope, flowId: F, provider: "github", startedAt: 1, expiresAt: 3, verdict });
        assert.equal(sync.flows().length, 1);
      }
      page.heard.length = 0;
      await page.broadcast(`oauth-status~${scope}`, ours(vector.input));
      const [flow] = sync.flows().filter(({ id }) => id === F);
      assert.equal(unreadable(sync), isDropped(vector) ? 1 : 0);
      if (type === "oauth-sync") {
        const { provider, startedAt, expiresAt, verdict, retryOf, error } = vector.read;
        assert.deepEqual([flow.provider, flow.startedAt, flow.expiresAt, flow.retryOf], [provider, startedAt, expiresAt, retryOf]);
        const code = verdict ? verdict.error : error;
        assert.deepEqual(shown(flow), { status: verdict?.status ?? "pending", integrationId: verdict?.integrationId, integrations: undefined, code });
        assert.equal(flow.settledAt, verdict?.settledAt);
      } else {
        assert.equal(flow, undefined);
      }
      if (type === "oauth-sync-removal") assert.ok(status === undefined || vector.read.flowId === F);
      if (type === "oauth-sync-ask") {
        // What it answers is the vector of that.
        const { holdMs, ...here } = ours((await read("messages")).find(({ name }) => name === "here").read);
        assert.deepEqual(page.heard.filter((message) => message.type === "oauth-sync-here"), [here]);
      }
      sync.close();
    });
  }

  test("a start and an ask are told as the vectors have them", async () => {
    const page = newPage({ now: 1 });
    const sync = await page.load({ statusUrl: "/oauth/status", expireAfter: 2 });
    sync.start("github", { flowId: F });
    await page.advance(0);
    const vectors = await read("messages");
    const start = ours(vectors.find(({ name }) => name === "a start").read);
    assert.deepEqual(page.heard.find(({ type }) => type === "oauth-sync"), { ...start, polls: 0 });
    sync.close();
  });
});

describe("a record", async () => {
  const START = { provider: "github", startedAt: 1, expiresAt: 2 };
  const keyOf = (rest) => `oauth-status~${scope}:${rest}`;
  for (const vector of await read("records")) {
    test(vector.name, async () => {
      const page = newPage({ now: 2 });
      const [kind, flow] = vector.key.split(":");
      if (flow === F && !["s", "t"].includes(kind)) page.storage.local.setItem(keyOf(`s:${F}`), JSON.stringify(START));
      page.storage[kind === "t" ? "session" : "local"].setItem(keyOf(vector.key), JSON.stringify(vector.input));
      const sync = await page.load({ statusUrl: "/oauth/status" });
      assert.equal(unreadable(sync), isDropped(vector) ? 1 : 0);
      const [found] = sync.flows().filter(({ id }) => id === F);
      const { verdict, startedHere, at, by, polls } = vector.read;
      // A reset, and what one took, leaves nothing; what was dismissed is shown until there is a verdict that was.
      const isThere = isDropped(vector) ? flow === F && !["s", "t"].includes(kind) : at === undefined || vector.read.status !== undefined;
      assert.equal(found !== undefined, isThere);
      if (isThere) {
        assert.deepEqual([found.provider, found.startedAt, found.expiresAt], ["github", 1, 2]);
        assert.deepEqual(shown(found), { ...shown({}), status: verdict?.status ?? "pending", code: verdict?.error });
        assert.equal(found.startedHere, startedHere === true);
      }
      if (by) assert.ok(sync.flows().some(({ id }) => id === by));
      if (polls === 3) {
        // It goes on counting from there.
        await page.advance(15_000);
        const counts = Object.keys(page.storage.local).filter((key) => key.startsWith(keyOf(`c:${F}:1`)));
        const [count] = counts.map((key) => JSON.parse(page.storage.local.getItem(key)));
        assert.ok(count.polls > 3 && count.runs === 2 && count.attemptAt === 9, JSON.stringify(count));
      }
      sync.close();
    });
  }

  test("those that it writes are those of the vectors", async () => {
    const page = newPage({ now: 1 });
    const sync = await page.load({ expireAfter: 1 });
    sync.start("github", { flowId: F });
    page.postMessage({ type: "oauth-failed", v: 1, id: "n1", provider: "github", success: false, flowId: F });
    await page.advance(1);
    sync.dismiss(F);
    await page.advance(0);
    const vectors = await read("records");
    const wanted = (name) => vectors.find((vector) => vector.name === name).read;
    const written = (rest) => {
      const key = Object.keys(page.storage.local).find((each) => each.startsWith(keyOf(rest)));
      return JSON.parse(page.storage.local.getItem(key));
    };
    assert.deepEqual(written(`s:${F}`), wanted("a start"));
    const verdict = wanted("a verdict");
    assert.deepEqual(written(`v:${F}:failed:notice:`), { ...verdict, verdict: { ...verdict.verdict, settledAt: 1 } });
    assert.deepEqual(written(`x:${F}:2`), { ...wanted("dismissed"), at: 2 });
    sync.close();
  });
});

test("the longest record that is written is read by the next page", async () => {
  const integrations = Array.from({ length: 32 }, () => ({ tool: '"'.repeat(64), id: '"'.repeat(256) }));
  const page = newPage();
  const sync = await page.load({ statusUrl: "/oauth/status" });
  sync.start("github", { flowId: F, appState: '"'.repeat(1022) });
  await page.advance(0);
  sync.report(F, { status: "completed", integrations });
  await page.advance(0);
  const next = newPage();
  for (const area of ["local", "session"]) {
    for (const key of Object.keys(page.storage[area])) next.storage[area].setItem(key, page.storage[area].getItem(key));
  }
  sync.close();
  const found = await next.load({ statusUrl: "/oauth/status" });
  assert.equal(unreadable(found), 0);
  const [flow] = found.flows();
  assert.deepEqual([flow.status, flow.integrations.length, flow.appState.length], ["completed", 32, 1022]);
  found.close();
});

describe("a reply", async () => {
  const vectors = await read("replies");
  /** What is shown of a flow of which the server says this. */
  function expected({ status, integrationId, integrations, error }) {
    const isOpen = status === "pending" || status === "unknown";
    const fallback = { failed: "server_error", cancelled: "cancelled_by_user", expired: "expired" };
    return {
      status: isOpen ? "pending" : status,
      integrationId: isOpen ? undefined : integrationId,
      integrations: isOpen ? undefined : integrations,
      code: isOpen || status === "completed" ? undefined : error?.code ?? fallback[status],
    };
  }

  for (const vector of vectors) {
    for (const way of ["of the status endpoint", "by report()"]) {
      test(`${vector.name}, ${way}`, async () => {
        const isReport = way === "by report()";
        const page = newPage({ answer: () => (isReport ? undefined : json(vector.input)) });
        const sync = await page.load({ statusUrl: "/oauth/status" });
        sync.start("github", { flowId: F });
        const isObject = Object(vector.input) === vector.input;
        if (isReport && isObject) sync.report(F, vector.input);
        if (isReport && !isObject) assert.throws(() => sync.report(F, vector.input), { name: "TypeError", message: /reply/ });
        await page.advance(10);
        const flow = sync.flows().find(({ id }) => id === F);
        if (isDropped(vector)) {
          assert.equal(flow.status, "pending");
          assert.equal(unreadable(sync), isReport && isObject ? 1 : 0);
        } else {
          assert.equal(unreadable(sync), 0);
          const { supersededBy, ...rest } = vector.read;
          // Of a flow that another goes on for, the other counts.
          assert.deepEqual(shown(flow), expected(supersededBy && supersededBy !== F ? { status: "pending" } : rest));
        }
        sync.close();
      });
    }
  }
});
