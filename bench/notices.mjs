/** From `notify` in a callback window to the event in the tab that opened it and waits. */
import { sumUp } from "./figures.mjs";

const SAMPLES = 500;
/** Discarded: the first ones compile. */
const WARM_UP = 20;
const REFERENCE = "bare BroadcastChannel";

export async function measureNotices({ browser, server }) {
  const tab = await browser.openTab(`${server.origin}/waiting.html?samples=${SAMPLES}&warmUp=${WARM_UP}`);
  const { samples, channels, repeated } = await server.report(300_000);
  await tab.close();
  return { unit: "ms", reference: REFERENCE, candidates: sumUp(samples, REFERENCE), firstChannel: channels, repeated };
}
