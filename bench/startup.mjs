/** From a cold import to `ready`, and from a click to a window, before the wasm is there. */
import { rotated, sumUp } from "./figures.mjs";

const SAMPLES = 40;
const WARM_UP = 3;
/** Each candidate with the one that it is compared with. */
const REFERENCES = {
  "import an empty module": "import an empty module",
  "import, new OAuthSync, ready": "import an empty module",
  "click, import an empty module, window.open": "click, import an empty module, window.open",
  "click, import, start": "click, import an empty module, window.open",
  "click, window.open": "click, window.open",
  "click, start while the wasm is on its way": "click, window.open",
};

export async function measureStartup({ browser, server }) {
  const names = Object.keys(REFERENCES);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const tab = await browser.openTab("about:blank");
  for (let round = -WARM_UP; round < SAMPLES; round += 1) {
    for (const name of rotated(names, round + WARM_UP)) {
      const { ms } = await sample(name, { tab, server });
      if (round >= 0) samples[name].push(ms);
    }
  }
  await tab.close();
  return { unit: "ms", reference: REFERENCES, candidates: sumUp(samples, REFERENCES) };
}

async function sample(name, { tab, server }) {
  await tab.go(`${server.origin}/startup.html?candidate=${encodeURIComponent(name)}`);
  const report = server.report(30_000);
  // Nobody hears of it while the click is on its way.
  report.catch(() => {});
  await tab.click("#act");
  return report;
}
