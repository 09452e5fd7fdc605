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

function times(title, { unit, candidates }) {
  console.log(`${title} (${unit})`);
  console.table(candidates);
}

const row = ({ requests, byTab }) => ({ requests, "tabs that asked": Object.keys(byTab).length });
