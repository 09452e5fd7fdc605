// What becomes of the window: blocked, closed, opened again; denial and cancelling; several flows at once.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

scenario("a_blocked_popup_leaves_a_link_that_connects", async ({ open, browser }) => {
  // Started while the page loads: no click, so the browser's own blocker refuses the window.
  const starter = await open({ query: { provider: "github" } });
  const { flow: { id } } = await starter.hears({ type: "blocked" });
  const { window, href } = await browser.until(async () => {
    const flow = await starter.flow(id);
    return flow?.href && flow;
  }, "a link");
  assert.equal(window, "blocked");
  await starter.run((url) => {
    document.body.append(Object.assign(document.createElement("a"), { id: "link", href: url, target: "_blank", rel: "opener", textContent: "go on" }));
  }, href);
  const tab = await browser.windowFrom(() => starter.click("#link"));
  await tab.allow();
  await tab.closed();
  await allHearOneCompleted([starter], id);
});

// oidc-client-ts#2043: a popup that the person really closed is noticed. auth0-spa-js#92: it settles nothing.
scenario("a_closed_window_is_told_settles_nothing_and_opens_again", async ({ open, browser }) => {
  const starter = await open();
  const other = await open();
  const { id, window } = await starter.startWithWindow("github");
  await window.signIn();
  await window.close();
  await starter.hears({ type: "window_closed", "flow.id": id });
  const flow = await starter.flow(id);
  assert.deepEqual([flow.status, flow.window], ["pending", "closed"]);
  const again = await browser.windowFrom(() => starter.act((sync, flowId) => sync.retry(flowId), id));
  assert.equal(await starter.run(() => window.last.id), id);
  await again.allow();
  await again.closed();
  await allHearOneCompleted([starter, other], id);
  assert.equal(starter.events({ type: "started" }).length, 1);
});

// Nango#1305, torii#182: the close is noticed before the answer that was already on its way.
scenario("a_success_after_the_window_was_closed_lands", async ({ open, world, browser }) => {
  world.provider.control.set({ held: ["token"], automaticConsent: true });
  const starter = await open();
  const { id, window } = await starter.startWithWindow("github");
  await browser.until(async () => world.provider.control.count("token") === 1, "the exchange");
  await window.close();
  await starter.hears({ type: "window_closed", "flow.id": id });
  assert.equal((await starter.flow(id)).status, "pending");
  world.provider.control.set({ held: [] });
  await allHearOneCompleted([starter], id);
});

scenario("a_denial_is_told_with_its_reason_and_another_try_connects", async ({ open }) => {
  const starter = await open();
  const other = await open();
  const { id, window } = await starter.startWithWindow("github");
  await other.hears({ type: "started", "flow.id": id });
  await window.deny();
  await window.closed();
  for (const tab of [starter, other]) {
    await tab.hears({ type: "cancelled", "flow.id": id });
    await tab.quiet();
    const flow = await tab.flow(id);
    assert.deepEqual([flow.status, flow.error.code, flow.provisional], ["cancelled", "access_denied", false]);
  }
  const retry = await starter.browser.windowFrom(() => starter.act((sync, flowId) => sync.retry(flowId), id));
  const next = await starter.run(() => ({ id: window.last.id, retryOf: window.last.retryOf }));
  assert.equal(next.retryOf, id);
  await retry.allow();
  await retry.closed();
  await allHearOneCompleted([starter, other], next.id);
});

scenario("a_failure_at_the_provider_is_told", async ({ open, world }) => {
  world.provider.control.set({ automaticConsent: true, tokenFailure: { status: 400, body: { error: "invalid_client" } } });
  const starter = await open();
  const other = await open();
  const { id } = await starter.startWithWindow("github");
  for (const tab of [starter, other]) {
    const { flow } = await tab.hears({ type: "failed", "flow.id": id }, 30_000);
    assert.ok(flow.error.code);
    assert.ok(flow.error.message);
  }
});

scenario("cancelling_closes_the_window_and_settles_every_tab", async ({ open, world }) => {
  const starter = await open();
  const other = await open();
  const { id, window } = await starter.startWithWindow("github");
  await window.signIn();
  await other.hears({ type: "started", "flow.id": id });
  await starter.act((sync, flowId) => sync.cancel(flowId), id);
  await window.closed();
  for (const tab of [starter, other]) {
    await tab.hears({ type: "cancelled", "flow.id": id });
    await tab.quiet();
    assert.equal((await tab.flow(id)).error.code, "cancelled_by_user");
  }
  assert.ok(world.front.requests.some(({ method, path }) => method === "POST" && path === `/oauth/flows/${id}/cancel`), "the server was told");
});

scenario("a_success_on_its_way_wins_over_cancelling", async ({ open, world, browser }) => {
  world.provider.control.set({ held: ["token"], automaticConsent: true });
  const starter = await open();
  const other = await open();
  const { id } = await starter.startWithWindow("github");
  await browser.until(async () => world.provider.control.count("token") === 1, "the exchange");
  await starter.act((sync, flowId) => sync.cancel(flowId), id);
  const { flow } = await starter.hears({ type: "cancelled", "flow.id": id });
  assert.equal(flow.provisional, true);
  world.provider.control.set({ held: [] });
  await allHearOneCompleted([starter, other], id);
});

scenario("two_providers_clicked_at_once_both_connect", async ({ open }) => {
  const starter = await open();
  const other = await open();
  const github = await starter.startWithWindow("github");
  const google = await starter.startWithWindow("google");
  await google.window.signIn();
  await github.window.allow();
  await google.window.allow();
  await Promise.all([github.window.closed(), google.window.closed()]);
  await allHearOneCompleted([starter, other], github.id);
  await allHearOneCompleted([starter, other], google.id);
});

scenario("one_provider_from_two_tabs_settles_both_flows", async ({ open }) => {
  const first = await open();
  const second = await open();
  const one = await first.startWithWindow("github");
  const two = await second.startWithWindow("github");
  assert.notEqual(one.id, two.id);
  await two.window.allow();
  await two.window.closed();
  await allHearOneCompleted([first, second], two.id);
  assert.equal((await first.flow(one.id)).status, "pending");
  await one.window.allow();
  await one.window.closed();
  await allHearOneCompleted([first, second], one.id);
});

scenario("a_second_click_focuses_the_window_that_is_open", async ({ open, browser, world }) => {
  const starter = await open();
  const { id, window } = await starter.startWithWindow("github");
  await window.signIn();
  const windows = (await browser.handles()).length;
  assert.equal(await starter.start("github"), id);
  assert.equal((await browser.handles()).length, windows);
  await window.allow();
  await window.closed();
  await allHearOneCompleted([starter], id);
  assert.equal(world.front.count("/oauth/start/"), 1);
});
