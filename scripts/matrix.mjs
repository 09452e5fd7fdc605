/**
 * `npm run matrix -- [engine …] [--json] [--strength=3]`: every named row of the fault matrix and all pairs (or triples) of its factors,
 * in real windows, on Chromium, Firefox and WebKit.
 */
import { build } from "./build.mjs";
import { run } from "./command.mjs";
import { engineNames, installEngine, installPackages, installWasmTarget } from "./install.mjs";

const options = process.argv.slice(2);
const isJson = options.includes("--json");
const strength = Number(options.find((option) => option.startsWith("--strength="))?.slice("--strength=".length) ?? 2);
const chosen = options.filter((option) => !option.startsWith("--"));
const unknown = options.filter((option) => option !== "--json" && !/^--strength=[234]$/u.test(option) && !engineNames.includes(option));
if (unknown.length) {
  console.error(`unknown: ${unknown.join(", ")}; the engines are ${engineNames.join(", ")}, the options --json and --strength=2 to 4`);
  process.exit(2);
}
const say = (step) => console.error(`${step} …`);
await installWasmTarget(say);
await installPackages(say);
const wanted = chosen.length ? chosen : engineNames;
// The harness reads from the environment where the browsers are.
for (const engine of wanted) Object.assign(process.env, await installEngine(engine, say));
await build((step) => say(`building the ${step}`));
await run("cargo", ["build", "--quiet", "--package", "oauth-sync-server"]);

const { rowsOf, runMatrix } = await import("../tests/matrix/run.mjs");
const rows = rowsOf(strength);
const engines = {};
for (const engine of wanted) {
  const start = performance.now();
  const totals = await runMatrix(engine, rows, (row, found, why) => {
    const faults = Object.entries(found ?? {}).flatMap(([kind, texts]) => texts.map((text) => `${kind}: ${text}`));
    if (faults.length > 0) say(`FAILED  ${engine}, ${row.name}: ${faults.join("; ")}\n        ${JSON.stringify(row)}\n`);
    else if (why !== undefined) say(`skipped ${engine}, ${row.name}: ${why}`);
    else say(`ok      ${engine}, ${row.name}`);
  });
  engines[engine] = { ...totals, seconds: Math.round((performance.now() - start) / 1000) };
}
if (isJson) console.log(JSON.stringify({ date: new Date().toISOString(), strength, rows: rows.length, engines }, undefined, 2));
else console.log(table(engines));
const isPassed = Object.values(engines).every(({ lost, repeated, late, wrong }) => lost + repeated + late + wrong === 0);
process.exitCode = isPassed ? 0 : 1;

function table(results) {
  const columns = ["cases", "lost", "repeated", "late", "wrong", "skipped", "seconds"];
  const lines = Object.entries(results).map(([engine, totals]) => `| ${engine} ${totals.version} | ${columns.map((name) => totals[name]).join(" | ")} |`);
  return [`| | ${columns.join(" | ")} |`, `|---|${columns.map(() => "---|").join("")}`, ...lines].join("\n");
}
