// Where an app may stand: in a frame of another site, in a sandboxed one, and on an origin without TLS.
import assert from "node:assert/strict";
import { By } from "selenium-webdriver";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

// A name that is no loopback's has a page without TLS as anybody else's would be: no secure context.
const INSECURE = "app.test";
const scenario = scenarios({ isProxied: true });

// An endpoint without cookies, which a frame of another site would not send. The window stays: one that closes is a reason to ask.
const options = { statusUrl: "/test/status", cancelUrl: null, startUrl: "/test/callback.html?leave=never&{provider}" };
/** Connected once the callback page has been there, but not at the check that comes with the start. */
const endpointOf = (front) => () => ({ status: front.count("/test/callback.html") > 0 && front.status.asked.length > 1 ? "completed" : "pending" });
const often = [{ every: 1000, polls: 60 }];
const once = [{ every: 60_000, polls: 1 }];

/** Opens the app's page in a frame of another page, and presses its button; resolves with how to run code in the frame. */
async function startInFrame({ world, browser }, outside, tiers, sandbox) {
  // By its name too: to WebKit a sandboxed frame has no 'self'.
  const own = `'self' ${world.origin}`;
  world.front.headers.app["content-security-policy"] = `default-src ${own}; script-src ${own} 'wasm-unsafe-eval'`;
  const page = await browser.openTab(outside);
  const address = `${world.origin}/test/app.html?${new URLSearchParams({ tab: "framed", options: JSON.stringify({ ...options, tiers }) })}`;
  await page.run((src, tokens) => {
    const frame = document.createElement("iframe");
    if (tokens) frame.sandbox = tokens;
    document.body.append(Object.assign(frame, { src }));
  }, address, sandbox);
  await world.log.first({ tab: "framed", kind: "ready" });
  const { driver } = browser;
  const inFrame = async (code) => {
    await page.run(() => {});
    await driver.switchTo().frame(0);
    const result = await code();
    await driver.switchTo().defaultContent();
    return result;
  };
  await inFrame(() => driver.executeScript(() => (window.next = (sync) => sync.start("github", { flowId: "framed-flow-1" }))).catch(() => {}));
  await inFrame(async () => (await driver.findElement(By.css("#act"))).click());
  return (code) => inFrame(() => driver.executeScript(code));
}

const statusesAndClose = () => {
  const flows = window.sync.flows().map(({ status }) => status);
  window.sync.close();
  return flows;
};

for (const [name, coop, tiers, confirming] of [
  ["by_its_opener", undefined, once, ["post_message"]],
  ["by_the_endpoint_alone_where_coop_severs_that", "same-origin", often, []],
]) {
  // There BroadcastChannel, storage and locks are those of another partition than the callback window's.
  scenario(`a_frame_of_another_site_hears_it_${name}`, async ({ world, browser }) => {
    const { front } = world;
    front.script = endpointOf(front);
    if (coop) front.headers.callback["cross-origin-opener-policy"] = coop;
    const inFrame = await startInFrame({ world, browser }, `${world.foreignOrigin}/test/attacker.html`, tiers);
    await world.log.first({ tab: "framed", kind: "event", type: "completed" });
    assert.deepEqual(world.log.find({ tab: "framed", type: "confirming" }).map(({ via }) => via), confirming);
    assert.deepEqual(await inFrame(statusesAndClose), ["completed"]);
  });
}

scenario("a_sandboxed_frame_hears_it_by_the_endpoint_alone", async ({ world, browser }) => {
  const { front } = world;
  front.isShared = true;
  const sandbox = "allow-scripts allow-popups allow-popups-to-escape-sandbox";
  const inFrame = await startInFrame({ world, browser }, `${world.origin}/test/attacker.html`, often, sandbox);
  await world.log.first({ tab: "framed", kind: "event", type: "started" });
  // Every sandboxed frame has the origin "null": that somebody has the same is no reason to believe him.
  const origin = await inFrame(() => {
    const flowId = "framed-flow-1";
    postMessage({ type: "oauth-complete", v: 1, id: "made-up-notice", provider: "github", success: true, flowId, timestamp: Date.now() }, "*");
    return self.origin;
  });
  assert.equal(origin, "null");
  await browser.until(() => inFrame(() => window.sync.diagnostics().dropped.foreign_origin > 0), "the message to be counted");
  front.script = endpointOf(front);
  await world.log.first({ tab: "framed", kind: "event", type: "completed" });
  assert.deepEqual(world.log.find({ tab: "framed", type: "confirming" }), []);
  const { local_storage, session_storage, locks } = await inFrame(() => window.sync.diagnostics().facilities);
  assert.deepEqual([local_storage, session_storage, locks], ["refused", "refused", "refused"]);
  assert.deepEqual(await inFrame(statusesAndClose), ["completed"]);
});

scenario("an_origin_without_tls_has_no_locks_and_connects_in_every_tab", async ({ open, world, browser }) => {
  const { front } = world;
  front.script = () => ({ status: "pending" });
  const path = `${world.origin.replace("localhost", INSECURE)}/test/app.html`;
  const polling = { ...options, tiers: often };
  const starter = await open({ path, options: polling, ready: true });
  const second = await open({ path, options: polling, ready: true });
  assert.equal(await starter.run(() => isSecureContext), false);
  const { id } = await starter.startWithWindow("github");
  await second.hears({ type: "started", "flow.id": id });
  front.script = endpointOf(front);
  await allHearOneCompleted([starter, second], id);
  assert.equal((await starter.diagnostics()).facilities.locks, "missing");
});
