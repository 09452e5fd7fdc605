// Pages that reload, close and come back, a server that restarts, and a module that arrives late.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

scenario("a_page_reloaded_before_the_notice_hears_it", async ({ open, world }) => {
  world.holdProvider();
  const starter = await open();
  const { id } = await starter.startWithWindow("github");
  await starter.reload();
  await starter.ready();
  const flow = await starter.flow(id);
  assert.equal(flow.status, "pending");
  assert.equal(flow.startedHere, true);
  world.releaseProvider();
  await allHearOneCompleted([starter], id);
});

scenario("a_page_that_is_reloading_while_the_notice_comes_finds_it", async ({ open, world, browser }) => {
  world.holdProvider();
  const starter = await open();
  const { id, window } = await starter.startWithWindow("github");
  world.front.held.add("/test/app.html");
  // When the driver has left the window: it would wait for the page that is held back.
  await starter.run(() => {
    setTimeout(() => location.reload(), 250);
  });
  await browser.focusHome();
  await browser.until(async () => world.front.count("/test/app.html") === 2, "the reload");
  world.releaseProvider();
  await window.closed();
  world.front.release();
  // Until its successor is there, the page that is on its way out may still hear and tell.
  await world.log.until(() => world.log.find({ tab: starter.name, kind: "ready" }).length === 2, "the page to be back");
  await allHearOneCompleted([starter], id);
});

scenario("a_page_reloaded_after_the_notice_shows_it_and_is_silent", async ({ open, world }) => {
  world.holdProvider();
  const starter = await open();
  const { id } = await starter.startWithWindow("github");
  world.releaseProvider();
  await allHearOneCompleted([starter], id);
  for (let round = 0; round < 2; round += 1) {
    await starter.reload();
    await starter.ready();
    await allHearOneCompleted([starter], id);
  }
});

scenario("a_tab_closed_while_waiting_and_opened_again_hears_it", async ({ open, world }) => {
  world.holdProvider();
  const first = await open();
  const { id, window } = await first.startWithWindow("github");
  await first.close();
  world.releaseProvider();
  await window.closed();
  const second = await open();
  await allHearOneCompleted([second], id);
});

scenario("a_tab_opened_while_waiting_shows_the_flow_and_hears_its_end", async ({ open, world, browser }) => {
  world.holdProvider();
  const first = await open();
  const { id } = await first.startWithWindow("github");
  await world.reachesProvider(browser);
  const second = await open();
  assert.equal((await second.flow(id)).status, "pending");
  world.releaseProvider();
  await allHearOneCompleted([first, second], id);
});

scenario("another_tab_asks_on_when_the_one_that_asked_is_closed", async ({ open, world, browser }) => {
  world.holdProvider();
  const first = await open();
  const { id } = await first.startWithWindow("github");
  await world.reachesProvider(browser);
  const second = await open();
  await first.close();
  const asked = world.front.status.asked.length;
  await browser.until(async () => world.front.status.asked.length > asked, "a check by the other tab");
  world.releaseProvider();
  await allHearOneCompleted([second], id);
});

for (const signal of ["SIGTERM", "SIGKILL"]) {
  scenario(`a_server_ended_by_${signal}_in_the_middle_finishes_the_flow_when_it_is_back`, async ({ open, world, browser }) => {
    world.holdProvider();
    const starter = await open();
    const other = await open();
    const { id } = await starter.startWithWindow("github");
    await world.reachesProvider(browser);
    await world.server.stop(signal);
    const asked = world.front.status.asked.length;
    await browser.until(async () => world.front.status.asked.length > asked, "a check while the server is away");
    assert.equal((await starter.flow(id)).status, "pending");
    await world.server.start();
    world.releaseProvider();
    await allHearOneCompleted([starter, other], id);
  });
}

// tkhq/sdk#1451, Nango#302: Safari blocks a window that opens after an `await`.
scenario("a_click_before_the_module_has_loaded_opens_the_window_and_connects", async ({ open, world }) => {
  const wasm = "/oauth-sync/real/oauth_sync_bg.wasm";
  world.front.held.add(wasm);
  const starter = await open({ ready: false });
  await starter.browser.until(() => starter.run(() => window.sync !== undefined), "the page's script");
  const { id, window } = await starter.startWithWindow("github");
  assert.equal((await starter.diagnostics()).ready, false);
  await window.allow();
  await window.closed();
  world.front.release();
  await allHearOneCompleted([starter], id);
  assert.ok(world.front.count(wasm) > 0, "the module was held back");
});

// tfhe-rs#3142, cap#88: blocked by CSP. That the policy of the README is enough is tried by every page of this suite, which has it.
scenario("a_module_blocked_by_the_pages_policy_says_so_and_the_page_lives_on", async ({ open, world }) => {
  world.front.headers.app["content-security-policy"] = "default-src 'self'; script-src 'self'";
  const page = await open({ path: "/", ready: false });
  const { code, name } = await world.log.first({ tab: page.name, kind: "refused" });
  assert.deepEqual({ code, name }, { code: "wasm_blocked", name: "OAuthSyncError" });
  await page.shows("#trouble.trouble");
  assert.match(await page.run(() => document.querySelector("#trouble").textContent), /security settings.*wasm_blocked/u);
  assert.deepEqual(await page.run(() => window.sync.flows()), []);
});

scenario("a_module_that_cannot_be_loaded_says_so_and_the_page_lives_on", async ({ open, world }) => {
  world.front.cut.add("/oauth-sync/real/oauth_sync_bg.wasm");
  const page = await open({ path: "/", ready: false });
  const { code } = await world.log.first({ tab: page.name, kind: "refused" });
  assert.equal(code, "wasm_unreachable");
  await page.shows("#trouble.trouble");
});
