// Two versions of the module side by side, as while an app is rolled out: neither breaks the other, and each hears what the other does.
import assert from "node:assert/strict";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";

const scenario = scenarios();

const malformed = async (tab) => (await tab.diagnostics()).dropped.malformed ?? 0;

for (const [starting, waiting] of [["real", "next"], ["next", "real"]]) {
  const name = { real: "this_version", next: "a_later_version" };
  scenario(`a_flow_that_${name[starting]}_starts_is_heard_once_in_a_tab_of_${name[waiting]}`, async ({ open, world }) => {
    world.holdProvider();
    world.front.version = starting;
    const starter = await open();
    world.front.version = waiting;
    const other = await open();
    const { id, window } = await starter.startWithWindow("github");
    await other.hears({ type: "started", "flow.id": id });
    world.releaseProvider();
    await window.closed();
    await allHearOneCompleted([starter, other], id);
    assert.ok((await malformed(starting === "real" ? starter : other)) > 0, "what is not known yet is counted");

    // What the later version has stored is no trouble to a page that loads.
    world.front.version = "real";
    const late = await open();
    assert.equal((await late.flow(id)).status, "completed");
    assert.ok((await malformed(late)) > 0 || starting === "real");
    await late.run((flow) => window.sync.dismiss(flow), id);
    for (const tab of [starter, other, late]) await tab.hears({ type: "removed", "flow.id": id });
  });
}

scenario("two_versions_on_one_page_each_hear_one_completed_of_each_others_flows", async ({ open, world, browser }) => {
  world.provider.control.set({ automaticConsent: true });
  const page = await open();
  await page.run(async () => {
    const { OAuthSync } = await import("/oauth-sync/next/index.js");
    window.heard = [];
    window.later = await OAuthSync.open({ statusUrl: "/oauth/status", startUrl: "/oauth/start/{provider}" });
    window.later.subscribe(({ type, flow }) => window.heard.push([type, flow.id]));
  });
  const first = await page.startWithWindow("github");
  await first.window.closed();
  await page.hears({ type: "completed", "flow.id": first.id });
  const second = { window: await browser.windowFrom(() => page.act(() => window.later.start("google"))), id: undefined };
  second.id = await page.run(() => window.last.id);
  await second.window.closed();
  for (const { id } of [first, second]) {
    await allHearOneCompleted([page], id);
    await browser.until(() => page.run((flow) => window.later.flows().some((each) => each.id === flow && each.status === "completed"), id), "the later version to show it");
  }
  const heard = await page.run(() => window.heard.filter(([type]) => type === "completed").map(([, id]) => id));
  assert.deepEqual(heard.toSorted(), [first.id, second.id].toSorted());
  assert.ok((await malformed(page)) > 0, "what is not known yet is counted");
  await page.run(() => window.later.close());
  assert.equal((await page.flow(second.id)).status, "completed");
});
