// Where an app may stand: in a frame of another site, and on an origin without TLS.
import assert from "node:assert/strict";
import { By } from "selenium-webdriver";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

// A name that is no loopback's has a page without TLS as anybody else's would be: no secure context.
const INSECURE = "app.test";
const scenario = scenarios({ flags: [`--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`] });

// An endpoint without cookies, which a frame of another site would not send. The window stays: one that closes is a reason to ask.
const options = { statusUrl: "/test/status", cancelUrl: null, startUrl: "/test/callback.html?leave=never&{provider}" };
/** Connected once the callback page has been there, but not at the check that comes with the start. */
const endpointOf = (front) => () => ({ status: front.count("/test/callback.html") > 0 && front.status.asked.length > 1 ? "completed" : "pending" });
const often = [{ every: 1000, polls: 60 }];
const once = [{ every: 60_000, polls: 1 }];

for (const [name, coop, tiers, confirming] of [
  ["by_its_opener", undefined, once, ["post_message"]],
  ["by_the_endpoint_alone_where_coop_severs_that", "same-origin", often, []],
]) {
  // There BroadcastChannel, storage and locks are those of another partition than the callback window's.
  scenario(`a_frame_of_another_site_hears_it_${name}`, async ({ world, browser }) => {
    const { front } = world;
    front.script = endpointOf(front);
    front.headers.app["content-security-policy"] = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; frame-src ${world.origin}`;
    if (coop) front.headers.callback["cross-origin-opener-policy"] = coop;
    const outside = await browser.openTab(`${world.foreignOrigin}/test/attacker.html`);
    const address = `${world.origin}/test/app.html?${new URLSearchParams({ tab: "framed", options: JSON.stringify({ ...options, tiers }) })}`;
    await outside.run((url) => {
      document.body.append(Object.assign(document.createElement("iframe"), { src: url }));
    }, address);
    await world.log.first({ tab: "framed", kind: "ready" });
    const { driver } = browser;
    const inFrame = async (code) => {
      await outside.run(() => {});
      await driver.switchTo().frame(0);
      const result = await code();
      await driver.switchTo().defaultContent();
      return result;
    };
    await inFrame(() => driver.executeScript(() => (window.next = (sync) => sync.start("github", { flowId: "framed-flow-1" }))).catch(() => {}));
    await inFrame(async () => (await driver.findElement(By.css("#act"))).click());
    await world.log.first({ tab: "framed", kind: "event", type: "completed" });
    assert.deepEqual(world.log.find({ tab: "framed", type: "confirming" }).map(({ via }) => via), confirming);
    const flows = await inFrame(() => driver.executeScript(() => {
      const flows = window.sync.flows().map(({ status }) => status);
      window.sync.close();
      return flows;
    }));
    assert.deepEqual(flows, ["completed"]);
  });
}

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
