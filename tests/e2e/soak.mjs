import { Browser } from "./harness/browser.mjs";
import { leaks } from "./harness/secrets.mjs";
import { World } from "./harness/world.mjs";

const WARM_UP = 10;
const MOST_TABS = 6;

/** Tabs that open, reload, close, connect and give up at random. Resolves with what did not come back to where it was. */
export async function soak({ minutes, seed, say }) {
  const world = await World.open();
  const browser = await Browser.start({ engine: "chromium" });
  const random = generator(seed);
  say(`seed ${seed}, ${minutes} minutes`);
  try {
    world.provider.control.set({ automaticConsent: true });
    // It stays from the first step to the last; what it holds at the end is compared.
    const witness = await openTab(browser, world, "witness");
    const tabs = [];
    let opened = 0;
    let step = 0;
    const act = async () => {
      step += 1;
      const pick = random(10);
      const tab = tabs[random(tabs.length)];
      if (tab === undefined || (pick < 2 && tabs.length < MOST_TABS)) tabs.push(await openTab(browser, world, `tab${(opened += 1)}`));
      else if (pick < 4) await tabs.splice(tabs.indexOf(tab), 1)[0].close();
      else if (pick < 5) await tab.reload().then(() => tab.ready());
      else if (pick < 9) await connect([tab, witness][random(2)], random(4));
      else await tab.run(() => window.sync.flows().forEach(({ id, status }) => (status === "pending" ? window.sync.cancel(id) : window.sync.dismiss(id))));
    };
    for (let count = 0; count < WARM_UP; count += 1) await act();
    const before = await measure(browser, world, witness, tabs);
    say(`at the start: ${JSON.stringify(before)}`);
    const end = performance.now() + minutes * 60_000;
    while (performance.now() < end) await act();
    const after = await measure(browser, world, witness, tabs);
    say(`after ${step} steps and ${opened} tabs: ${JSON.stringify(after)}`);
    const errors = world.log.find({ kind: "error" }).map(({ tab, message }) => `${tab} reported ${message}`);
    return [...compare(before, after), ...errors, ...(await leaks({ world, browser }))];
  } finally {
    await browser.quit();
    await world.close();
  }
}

async function openTab(browser, world, name) {
  const tab = await browser.openTab(`${world.origin}/test/app.html`, { name, world });
  await tab.ready();
  return tab;
}

async function connect(tab, which) {
  const { window, id } = await tab.startWithWindow(["github", "google", "atlassian", "microsoft"][which]);
  await window.closed();
  await tab.hears({ type: "completed", "flow.id": id }, 30_000);
}

/** What the page that stays holds once it is alone, all flows are forgotten and the garbage is gone. */
async function measure(browser, world, witness, tabs) {
  for (const tab of tabs.splice(0)) await tab.close();
  await witness.run(() => window.sync.reset());
  await browser.until(() => witness.run(() => window.sync.flows().length === 0), "no flow");
  await witness.quiet();
  const command = (name, params = {}) => browser.driver.sendAndGetDevToolsCommand(name, params);
  await browser.until(async () => (await witness.run(() => navigator.locks.query().then(({ held, pending }) => held.length + pending.length))) <= 1, "the locks of closed tabs to be free");
  await command("Performance.enable");
  await command("HeapProfiler.collectGarbage");
  const { metrics } = await command("Performance.getMetrics");
  const metric = (name) => metrics.find((each) => each.name === name).value;
  const page = await witness.run(async () => {
    const { held, pending } = await navigator.locks.query();
    const kinds = {};
    for (const key of Object.keys(localStorage)) {
      const kind = /^oauth-status~[^:]*:(\w):/u.exec(key)?.[1] ?? "notice";
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    return { locks: held.length + pending.length, keys: kinds, sessionKeys: sessionStorage.length };
  });
  return { heapKiB: Math.round(metric("JSHeapUsedSize") / 1024), listeners: metric("JSEventListeners"), documents: metric("Documents"), ...page };
}

function compare(before, after) {
  const faults = [];
  for (const name of ["listeners", "locks", "sessionKeys"]) if (after[name] > before[name]) faults.push(`${name}: ${before[name]} before, ${after[name]} after`);
  // The heap breathes; what leaks with each flow or tab adds up to more.
  if (after.heapKiB > before.heapKiB + 1024) faults.push(`heap: ${before.heapKiB} KiB before, ${after.heapKiB} KiB after`);
  // That a reset took a flow stays for a day; nothing else may stay behind it.
  for (const kind of ["s", "v", "u", "c", "x"]) if ((after.keys[kind] ?? 0) > 0) faults.push(`${after.keys[kind]} keys of the kind ${kind}`);
  if ((after.keys.notice ?? 0) > 65) faults.push(`${after.keys.notice} notices, and 64 slots and the plain key are the most`);
  return faults;
}

/** A small generator of numbers below a bound (mulberry32), the same for the same seed. */
function generator(seed) {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(bound, 1);
  };
}
