/** From `notify` in a callback window to the event in the tab that opened it and waits. */
import { sumUp } from "./figures.mjs";

const SAMPLES = 500;
/** Discarded: the first ones compile. */
const WARM_UP = 20;
const REFERENCE = "bare BroadcastChannel";

export async function measureNotices({ browser, server }) {
  const tab = await browser.openTab(`${server.origin}/waiting.html?samples=${SAMPLES}&warmUp=${WARM_UP}`);
  const { results, discarded } = await server.report(300_000);
  await tab.close();
  const samples = mapped(results, (each) => each.map(({ ms }) => ms));
  return { unit: "ms", reference: REFERENCE, candidates: sumUp(samples, REFERENCE), firstBy: mapped(results, firstBy), discarded };
}

/** How often each channel was the first; a confirmed event comes by a poll. */
function firstBy(samples) {
  const counts = {};
  for (const { via } of samples) if (via !== undefined) counts[via] = (counts[via] ?? 0) + 1;
  return counts;
}

const mapped = (object, map) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
