// No status endpoint, and pages written by hand on either side, in the plain form.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

const withoutEndpoint = (startUrl) => ({ statusUrl: null, cancelUrl: null, startUrl });
const said = (page, parameter, message) => `/test/${page}.html?${new URLSearchParams({ [parameter]: JSON.stringify(message) })}`;

scenario("without_an_endpoint_a_success_is_a_verdict_in_every_tab", async ({ open, world }) => {
  const options = withoutEndpoint(said("callback", "notice", { provider: "atlassian", success: true, integrationId: "int_9", integrations: [{ tool: "jira", id: "j1" }, { tool: "confluence", id: "c1" }] }));
  const starter = await open({ options });
  const other = await open({ options });
  const id = await starter.start("atlassian");
  await allHearOneCompleted([starter, other], id);
  for (const tab of [starter, other]) {
    const { integrationId, integrations } = await tab.flow(id);
    assert.equal(integrationId, "int_9");
    assert.deepEqual(integrations.map(({ tool }) => tool), ["jira", "confluence"]);
  }
  assert.equal(world.front.status.asked.length, 0);
});

const failures = [
  { code: "access_denied", status: "cancelled" },
  { code: "server_error", status: "failed" },
];
for (const { code, status } of failures) {
  scenario(`without_an_endpoint_${code}_is_${status}_in_every_tab`, async ({ open }) => {
    const options = withoutEndpoint(said("callback", "notice", { provider: "github", success: false, error: { code } }));
    const starter = await open({ options });
    const other = await open({ options });
    const id = await starter.start("github");
    for (const tab of [starter, other]) {
      const { flow } = await tab.hears({ type: status, "flow.id": id });
      assert.deepEqual([flow.error.code, flow.provisional], [code, false]);
      await tab.quiet();
      assert.equal(tab.events({ type: status }).length, 1);
    }
  });
}

scenario("without_an_endpoint_a_window_that_closes_settles_nothing", async ({ open }) => {
  const starter = await open({ options: withoutEndpoint("/test/plain-listener.html") });
  const { id, window } = await starter.startWithWindow("github");
  await window.close();
  await starter.hears({ type: "window_closed", "flow.id": id });
  await starter.quiet();
  assert.equal((await starter.flow(id)).status, "pending");
});

const ways = [
  { by: "opener", via: "post_message" },
  { by: "channel", via: "broadcast_channel" },
  { by: "storage", via: "storage" },
  { by: "opener,channel,storage" },
];
for (const { by, via } of ways) {
  const way = by.replaceAll(",", "_");
  scenario(`a_hand_written_callback_page_is_understood_by_${way}`, async ({ open }) => {
    const options = withoutEndpoint(`/test/plain-callback.html?by=${by}`);
    const starter = await open({ options });
    const other = await open({ options });
    const id = await starter.start("github");
    await allHearOneCompleted([starter, other], id);
    assert.equal((await starter.flow(id)).integrationId, "42");
    // Each tab can be first to hear it, and then tells the other over the channel.
    const heardBy = [starter, other].map((tab) => tab.events({ type: "completed" })[0].via);
    if (via !== undefined) assert.ok(heardBy.includes(via), `by ${via}, not by ${heardBy}`);
  });

  scenario(`a_hand_written_failure_is_understood_by_${way}`, async ({ open }) => {
    const says = encodeURIComponent(JSON.stringify({ provider: "github", success: false, integrationId: null }));
    const options = withoutEndpoint(`/test/plain-callback.html?by=${by}&says=${says}`);
    const starter = await open({ options });
    const other = await open({ options });
    const id = await starter.start("github");
    for (const tab of [starter, other]) {
      await tab.hears({ type: "failed", "flow.id": id });
      await tab.quiet();
      assert.deepEqual(tab.events({ type: "completed" }), []);
      assert.equal(tab.events({ type: "failed" }).length, 1);
    }
  });
}

scenario("a_hand_written_callback_page_is_confirmed_where_an_endpoint_is", async ({ open, world }) => {
  world.front.script = () => (world.front.count("/test/plain-callback.html") > 0 ? { completed: true, success: true, integrationId: 42 } : { completed: false, success: false });
  const options = { statusUrl: "/test/status", cancelUrl: null, startUrl: "/test/plain-callback.html", tiers: [{ every: 60_000, polls: 1 }] };
  const starter = await open({ options });
  const other = await open({ options });
  const id = await starter.start("github");
  await allHearOneCompleted([starter, other], id);
});

scenario("a_hand_written_listener_hears_a_success_by_every_channel_once", async ({ open, world }) => {
  const listener = await open({ path: "/test/plain-listener.html" });
  await listener.run((url) => {
    window.next = url;
  }, said("callback", "notice", { provider: "github", success: true, integrationId: "int_5" }));
  await listener.click("#act");
  for (const by of ["opener", "channel", "storage"]) {
    const { provider, integrationId } = await world.log.first({ tab: listener.name, kind: "heard", by });
    assert.deepEqual({ provider, integrationId }, { provider: "github", integrationId: "int_5" });
  }
  await listener.quiet();
  assert.equal(world.log.find({ kind: "heard" }).length, 3);
});

scenario("a_hand_written_listener_never_takes_a_failure_for_a_success", async ({ open, world, browser }) => {
  const listener = await open({ path: "/test/plain-listener.html" });
  // It hears everything on the channels, whatever its type: when this one is here, the failure before it was too.
  const own = await open({ options: withoutEndpoint("/test/plain-listener.html") });
  await listener.run((url) => {
    window.next = url;
  }, said("callback", "notice", { provider: "github", success: false, error: { code: "access_denied" } }));
  const windows = (await browser.handles()).length;
  await listener.click("#act");
  await browser.until(async () => world.front.count("/test/callback.html") === 1 && (await browser.handles()).length === windows, "the callback page to come and go");
  await own.run(() => {
    new BroadcastChannel("oauth-status").postMessage({ type: "oauth-complete", provider: "fence", success: true });
    localStorage.setItem("oauth-status", JSON.stringify({ provider: "fence", success: true, timestamp: Date.now() }));
  });
  await world.log.first({ tab: listener.name, kind: "heard", by: "channel", provider: "fence" });
  await world.log.first({ tab: listener.name, kind: "heard", by: "storage", provider: "fence" });
  assert.deepEqual(world.log.find({ kind: "heard", provider: "github" }), []);
});
