// Connections in the world of `oauth-sync/testing`, with the real module.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TestOAuthSync } from "../../dist/testing/index.node.js";

const wasm = new URL("../../dist/oauth_sync_bg.wasm", import.meta.url);

async function open() {
  const sync = await TestOAuthSync.open({ wasm });
  const heard = [];
  sync.subscribe((event) => event.type === "connection" && heard.push([event.change, event.connection.state]), { connections: true });
  await sync.advance(1000);
  return { sync, heard };
}

test("a connection that the server has is in the list, frozen, and the list is the same until something changes", async () => {
  const { sync, heard } = await open();
  assert.deepEqual(sync.connections(), []);
  await sync.connection("int_1", { provider: "github", scopes: ["repo"], expiresIn: 3_600_000 });
  const [connection] = sync.connections();
  assert.equal(connection.id, "int_1");
  assert.deepEqual([connection.provider, connection.tools, connection.scopes, connection.state], ["github", ["github"], ["repo"], "active"]);
  assert.ok(Object.isFrozen(connection) && Object.isFrozen(connection.scopes));
  assert.equal(sync.connections(), sync.connections());
  assert.deepEqual(heard, [["added", "active"]]);
  sync.close();
});

test("each state is told under its own name, and what is gone is not in the list", async () => {
  const { sync, heard } = await open();
  await sync.connection("int_1", { provider: "github" });
  await sync.connection("int_1", { provider: "github", state: "refresh_failed", error: { code: "temporarily_unavailable" } });
  assert.deepEqual([sync.connections()[0].error.code, sync.connections()[0].error.retryable], ["temporarily_unavailable", true]);
  await sync.connection("int_1", { provider: "github", state: "reauth_required", error: { code: "grant_rejected" } });
  assert.deepEqual([sync.connections()[0].error.message, sync.connections()[0].error.retryable], ["The provider has withdrawn this connection.", false]);
  await sync.connection("int_1", undefined);
  assert.deepEqual(sync.connections(), []);
  assert.deepEqual(heard, [["added", "active"], ["refresh_failed", "refresh_failed"], ["reauth_required", "reauth_required"], ["disconnected", "disconnected"]]);
  sync.close();
});

test("a refresh gives the connection, or the reason why there is none", async () => {
  const { sync, heard } = await open();
  await sync.connection("int_1", { provider: "github", expiresIn: 3_600_000 });
  const before = sync.connections()[0].expiresAt;
  await sync.advance(60_000);
  const refreshed = await sync.refresh("int_1");
  assert.equal(refreshed, sync.connections()[0]);
  assert.ok(refreshed.expiresAt > before);
  assert.deepEqual(heard.at(-1), ["refreshed", "active"]);
  await sync.connection("int_1", { provider: "github", state: "refresh_failed" });
  await assert.rejects(sync.refresh("int_1"), { name: "OAuthSyncError", code: "refresh_failed" });
  await sync.connection("int_1", { provider: "github", state: "reauth_required" });
  await assert.rejects(sync.refresh("int_1"), { code: "reconnect_required" });
  await assert.rejects(sync.refresh("int_2"), { code: "removed" });
  await assert.rejects(sync.refresh(""), { name: "TypeError" });
  sync.close();
  await assert.rejects(sync.refresh("int_1"), { code: "closed" });
});

test("a connection is refreshed unasked before it expires, and one that cannot be expires by the clock", async () => {
  const { sync, heard } = await open();
  await sync.connection("int_1", { provider: "github", expiresIn: 3_600_000 });
  await sync.connection("int_2", { provider: "slack", expiresIn: 3_600_000, refreshable: false });
  await sync.advance(3_600_000);
  assert.ok(heard.some(([change]) => change === "refreshed"), JSON.stringify(heard));
  const states = Object.fromEntries(sync.connections().map(({ id, state }) => [id, state]));
  assert.deepEqual(states, { int_1: "active", int_2: "expired" });
  sync.close();
});

test("who listens to flows alone hears of flows alone", async () => {
  const sync = await TestOAuthSync.open({ wasm });
  const heard = [];
  sync.subscribe((event) => heard.push(event));
  await sync.connection("int_1", { provider: "github" });
  assert.deepEqual(heard, []);
  sync.close();
});
