/** The figures for people. */
export function print({ environment, notices, startup, requests }) {
  const { browser, cores, load, date } = environment;
  console.log(`${browser}, ${cores} cores, load ${load.toFixed(1)}, ${date}\n`);
  times("Notice to event, callback window to waiting tab", notices);
  times("Startup, nothing cached", startup);
  const { one, twenty, ratio, promised, tiers, seconds } = requests;
  console.log(`Status requests for one flow, ${tiers} tiers, ${seconds} s`);
  console.table({ "1 tab": row(one), "20 tabs": { ...row(twenty), ratio, "at most": promised } });
}

function times(title, { unit, reference, candidates }) {
  const to = typeof reference === "string" ? `, ratios to ${reference}` : ", ratios to the line before or to itself";
  console.log(`${title} (${unit}${to})`);
  console.table(candidates);
}

const row = ({ requests, byTab, visibleTabs }) => ({ requests, "tabs that asked": Object.keys(byTab).join(", "), "tabs that could be seen": visibleTabs.join(", ") });
