// The pages that the server itself shows, which a person meets when a window could not close or a link came from elsewhere.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();
const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** Each at 360 px, in both schemes; pictures of them land beside those of the demo. */
async function looksWell(tab, name) {
  // Only Chromium's driver shows a page in another size and scheme; what the pages do is tried on every engine.
  if (tab.browser.engine !== "chromium") return;
  await mkdir("target/screenshots", { recursive: true });
  for (const scheme of ["light", "dark"]) {
    const { driver } = tab.browser;
    await driver.sendDevToolsCommand("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await driver.sendDevToolsCommand("Emulation.setDeviceMetricsOverride", { width: 360, height: 640, deviceScaleFactor: 1, mobile: false });
    await tab.run(axe);
    const faults = await tab.run(async () => (await window.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`));
    assert.deepEqual(faults, [], `${name} in ${scheme}`);
    assert.equal(await tab.run(() => document.documentElement.scrollWidth <= innerWidth), true, `${name} fits 360 px`);
    await writeFile(`target/screenshots/server-${name}-${scheme}.png`, await tab.screenshot());
  }
}

scenario("a_link_from_elsewhere_asks_before_it_connects", async ({ browser, world }) => {
  const tab = await browser.openTab(`${world.origin}/oauth/start/github?flow=from-elsewhere`);
  await tab.shows("button");
  assert.equal(world.provider.control.count("auth"), 0);
  await looksWell(tab, "start");
  await tab.click("button");
  await tab.signIn();
  assert.equal(world.provider.control.count("auth") > 0, true);
});

scenario("a_forged_callback_gets_a_page_that_says_what_to_do", async ({ browser, world }) => {
  const tab = await browser.openTab(`${world.origin}/oauth/callback/github?code=made-up&state=made-up&iss=${encodeURIComponent(world.provider.issuer)}`);
  await tab.shows("h1");
  await looksWell(tab, "unknown");
});

scenario("a_window_that_cannot_close_says_that_it_may_be_closed", async ({ browser, world, open }) => {
  const page = await open();
  const { id, window } = await page.startWithWindow("github");
  await window.allow();
  await window.closed();
  await allHearOneCompleted([page], id);
  // The flow's page again, in a tab with a history: no script may close that one.
  const tab = await browser.openTab(`${world.origin}/`);
  await tab.run((url) => location.assign(url), `${world.origin}/oauth/start/github?flow=${id}`);
  await browser.until(() => tab.run(() => location.pathname.startsWith("/oauth/") && /close this window|close this tab/iu.test(document.body.innerText)), "the page to say so");
  await looksWell(tab, "done");
  await page.quiet();
  assert.equal(page.events({ type: "completed" }).length, 1);
});
