/** How often the status endpoint is asked about one flow, from its start until the schedule is through. */
import { rounded } from "./figures.mjs";

const second = 1000;
/** The package's default, written out: 170 s. */
const REAL = [{ every: 2 * second, polls: 10 }, { every: 5 * second, polls: 10 }, { every: 10 * second, polls: 10 }];
/** 40 s. Nothing is asked about a flow more often than once a second. */
const SCALED = [{ every: second, polls: 10 }, { every: second, polls: 10 }, { every: 2 * second, polls: 10 }];

/** Both counts at the same time, each in a browser of its own: only one tab of a window is seen. */
export async function measureRequests({ browsers, server, isQuick }) {
  const tiers = isQuick ? SCALED : REAL;
  const groups = await Promise.all([1, 20].map((tabs, index) => prepare({ browser: browsers[index], server, tabs, tiers: isQuick ? tiers : undefined })));
  const flows = await Promise.all(groups.map(({ starting }) => startIn(starting)));
  const begun = performance.now();
  // Whoever asks late asks within one wait of the last tier; two are enough to see that nobody asks any more.
  const length = tiers.reduce((sum, { every, polls }) => sum + every * polls, 0);
  const quiet = 2 * tiers.at(-1).every;
  await until(() => performance.now() > begun + length + quiet && performance.now() > server.asked.at(-1).at + quiet);
  const [one, twenty] = await Promise.all(groups.map((group, index) => countOf(group, askedAbout(flows[index], server))));
  return { unit: "requests", tiers: isQuick ? "scaled" : "default", schedule: tiers, seconds: length / second, one, twenty, ratio: rounded(twenty.requests / one.requests), promised: 1.1 };
}

async function prepare({ browser, server, tabs, tiers }) {
  const opened = [];
  for (let index = 1; index <= tabs; index += 1) {
    const url = new URL("/polling.html", server.origin);
    if (tiers) url.searchParams.set("tiers", JSON.stringify(tiers));
    const tab = await browser.openTab(url, { name: `${tabs}-${index}` });
    await browser.until(() => tab.run(() => window.sync?.diagnostics().ready === true), `${tab.name} to be ready`);
    opened.push(tab);
  }
  // The one on top: that is where a person clicks. The driver then leaves the windows alone, since coming to one wakes it.
  return { tabs: opened, starting: opened.at(-1) };
}

async function startIn(tab) {
  await tab.click("#act");
  return tab.run(() => window.flow.id);
}

/** Before the driver comes to the windows again, which makes them ask. */
const askedAbout = (flow, server) => server.asked.filter((each) => each.flow === flow);

async function countOf({ tabs }, asked) {
  const byTab = {};
  for (const { tab } of asked) byTab[tab] = (byTab[tab] ?? 0) + 1;
  const seen = [];
  for (const tab of tabs) if (await tab.run(() => window.wasVisible)) seen.push(tab.name);
  return { tabs: tabs.length, requests: asked.length, byTab, visibleTabs: seen, seconds: asked.map(({ at }) => rounded((at - asked[0].at) / second, 1)) };
}

async function until(look) {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, second));
}
