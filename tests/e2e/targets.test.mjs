// The ways of opening the provider, and how every tab hears of the end, against the real server and provider.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

for (const target of ["popup", "tab"]) {
  scenario(`three_tabs_hear_one_completed_from_a_${target}`, async ({ open }) => {
    const [starter, ...others] = [await open(), await open(), await open()];
    const { id, window } = await starter.startWithWindow("github", { target });
    await Promise.all(others.map((tab) => tab.hears({ type: "started", "flow.id": id })));
    await window.allow();
    await window.closed();
    await allHearOneCompleted([starter, ...others], id);

    const { startedHere, integrationId } = await starter.flow(id);
    assert.equal(startedHere, true);
    assert.ok(integrationId, "the server's id of the connection");
    for (const tab of others) {
      assert.equal((await tab.flow(id)).startedHere, false);
      assert.equal((await tab.flow(id)).integrationId, integrationId);
    }
  });
}

scenario("a_redirect_comes_back_to_where_it_left_and_every_tab_hears", async ({ open, world }) => {
  const starter = await open();
  const other = await open();
  const id = "redirect-flow-1";
  const left = await starter.url();
  await starter.act((sync, flowId) => sync.start("github", { target: "redirect", flowId, appState: { card: 3 } }), id);
  await other.hears({ type: "started", "flow.id": id });
  await starter.allow();
  await world.log.until(() => world.log.find({ tab: starter.name, kind: "load" }).length === 2, "the app's page again");
  await starter.ready();
  assert.equal((await starter.url()).href, left.href);
  await allHearOneCompleted([starter, other], id);
  const flow = await starter.flow(id);
  assert.equal(flow.startedHere, true);
  assert.deepEqual(flow.appState, { card: 3 });
});

scenario("a_redirect_may_come_back_to_another_page_of_the_app", async ({ open }) => {
  const starter = await open();
  const id = "redirect-flow-2";
  await starter.act((sync, flowId, returnTo) => sync.start("github", { target: "redirect", flowId, returnTo }), id, `/test/app.html?tab=${starter.name}&elsewhere`);
  await starter.allow();
  await starter.hears({ type: "completed", "flow.id": id });
  assert.ok((await starter.url()).searchParams.has("elsewhere"));
});

for (const [name, endpoint] of [["with_a_status_endpoint", true], ["without_one", false]]) {
  scenario(`hears_a_callback_page_that_closes_at_once_${name}`, async ({ open, world, browser }) => {
    world.front.script = () => (world.front.count("/test/callback.html") > 0 ? { completed: true, success: true, integrationId: "int_1" } : { status: "pending" });
    const options = { statusUrl: endpoint ? "/test/status" : null, cancelUrl: null, startUrl: "/test/callback.html?leave=at-once" };
    const starter = await open({ options });
    const other = await open({ options });
    const windows = (await browser.handles()).length;
    const id = await starter.start("github");
    await allHearOneCompleted([starter, other], id);
    await browser.until(async () => (await browser.handles()).length === windows, "the window to be gone");
  });
}

const severed = [
  { name: "the_providers_coop", coop: "same-origin" },
  { name: "the_apps_coop_same_origin", app: "same-origin" },
  { name: "the_apps_coop_same_origin_allow_popups", app: "same-origin-allow-popups" },
  { name: "coop_on_both_sides", coop: "same-origin", app: "same-origin" },
];
for (const { name, coop, app } of severed) {
  // n8n-io/n8n#34404, firebase-js-sdk#7807: the popup reads as closed at once, while the person is still typing.
  scenario(`waits_on_and_connects_in_spite_of_${name}`, async ({ open, world }) => {
    if (coop) world.provider.control.set({ coop });
    if (app) world.front.headers.app["cross-origin-opener-policy"] = app;
    const starter = await open();
    const other = await open();
    const { id, window } = await starter.startWithWindow("github");
    await window.signIn();
    if (coop) await starter.hears({ type: "window_closed", "flow.id": id });
    assert.equal((await starter.flow(id)).status, "pending");
    await window.allow();
    await window.closed();
    await allHearOneCompleted([starter, other], id);
    for (const type of ["failed", "cancelled", "expired"]) assert.deepEqual(starter.events({ type }), []);
  });
}
