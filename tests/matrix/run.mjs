import { Browser } from "../e2e/harness/browser.mjs";
import { runCase } from "./case.mjs";
import { covering } from "./covering.mjs";
import { factors, impossible, named } from "./factors.mjs";

const kinds = ["lost", "repeated", "late", "wrong"];

/** The rows of a run: those with a name, then all combinations of `strength` factors. */
export function rowsOf(strength = 2) {
  return [...named, ...covering(factors, strength).map((row, index) => ({ name: `combination ${index + 1}`, ...row }))];
}

/** Why an engine cannot run a row, or undefined. */
export function whyNot(engine, row) {
  return impossible[engine].find(({ row: part }) => Object.entries(part).every(([factor, value]) => row[factor] === value))?.why;
}

/** How many browsers run rows at once: a row mostly waits. */
const BROWSERS = 2;

/**
 * Runs rows on one engine. A row that is late is tried twice more and counts if it is late each time: a machine that was busy is no
 * fault of the protocol, and a promise that is broken is broken again.
 *
 * @param {(row: object, found: object | null, why?: string) => void} tell is told of each row; `found` is null where it was skipped
 */
export async function runMatrix(engine, rows, tell = () => {}) {
  const totals = { version: "", cases: 0, lost: 0, repeated: 0, late: 0, wrong: 0, skipped: 0 };
  const queue = [];
  for (const row of rows) {
    const why = whyNot(engine, row);
    if (why === undefined) queue.push(row);
    else {
      totals.skipped += 1;
      tell(row, null, why);
    }
  }
  const runQueue = async () => {
    const browser = await Browser.start({ engine });
    try {
      totals.version = (await browser.driver.getCapabilities()).get("browserVersion");
      for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
        let found = await runCase(browser, row).catch(broken);
        for (let again = 0; again < 2 && onlyLate(found); again += 1) found = await runCase(browser, row).catch(broken);
        totals.cases += 1;
        for (const kind of kinds) if (found[kind].length > 0) totals[kind] += 1;
        tell(row, found);
      }
    } finally {
      await browser.quit();
    }
  };
  await Promise.all(Array.from({ length: Math.min(BROWSERS, queue.length) }, runQueue));
  return totals;
}

const onlyLate = (found) => found.late.length > 0 && kinds.every((kind) => kind === "late" || found[kind].length === 0);
const broken = (error) => ({ lost: [], repeated: [], late: [], wrong: [error.stack] });
