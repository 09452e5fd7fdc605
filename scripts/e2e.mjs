/**
 * `npm run e2e -- [engine …] [--smoke] [--instances] [--file=name …]`: several real windows, the real server and a real provider, on Chromium,
 * Firefox and WebKit; `--smoke` runs the set that `npm test` runs on the last two; with `--instances` two servers on one
 * PostgreSQL are behind it, of which one is killed in the middle. What an engine skips is counted.
 */
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { skips, smoke } from "../tests/e2e/engines.mjs";
import { attempt, run } from "./command.mjs";
import { build } from "./build.mjs";
import { engineNames, installEngine, installPostgres, testFiles } from "./install.mjs";

/** Runs the suite on one engine; resolves with whether it passed, and what to say of it. */
export async function runSuite(engine, { isSmoke = false, hasInstances = false, files = [], say = () => {}, isLoud = false } = {}) {
  const all = (await testFiles("tests/e2e")).filter((file) => !isSmoke || Object.hasOwn(smoke, basename(file)));
  const chosen = files.length ? all.filter((file) => files.some((each) => basename(file).startsWith(each))) : all;
  const env = { ...(await installEngine(engine, say)), ENGINE: engine, SUITE: isSmoke ? "smoke" : "full", INSTANCES: hasInstances ? "2" : "1" };
  if (hasInstances) await installPostgres(say);
  // Two files at once: tests wait for half of their time.
  const args = ["--test", "--test-reporter=spec", "--test-concurrency=2", ...chosen];
  const { code, output } = await attempt("node", args, { env, isLoud });
  const passed = Number(/^ℹ pass (\d+)/mu.exec(output)?.[1] ?? 0);
  // The reporter's own count leaves out what was skipped with all that is in it.
  const skipped = output.match(/^ *﹣ /gmu)?.length ?? 0;
  const faults = code === 0 ? [] : [`exit code ${code}`];
  if (!isSmoke && !files.length) {
    const stated = Object.keys(skips[engine]).length;
    if (skipped !== stated) faults.push(`${skipped} tests were skipped, and tests/e2e/engines.mjs states ${stated}`);
  }
  if (isSmoke && !files.length) {
    const stated = Object.values(smoke).flat().length;
    if (passed !== stated) faults.push(`${passed} tests passed, and the smoke set in tests/e2e/engines.mjs has ${stated}`);
  }
  return { passed, skipped, faults, output };
}

async function main(args) {
  const options = args.filter((arg) => arg.startsWith("--"));
  const engines = args.filter((arg) => !arg.startsWith("--"));
  const unknown = [...engines.filter((name) => !engineNames.includes(name)), ...options.filter((name) => !["--smoke", "--instances"].includes(name) && !name.startsWith("--file="))];
  if (unknown.length) throw new Error(`unknown: ${unknown.join(", ")}; the engines are ${engineNames.join(", ")}, the options --smoke, --instances and --file=name`);
  const say = (step) => console.log(`${step} …`);
  await build((step) => say(`building the ${step}`));
  await run("cargo", ["build", "--quiet", "--package", "oauth-sync-server"]);
  const files = options.filter((name) => name.startsWith("--file=")).map((name) => name.slice("--file=".length));
  for (const engine of engines.length ? engines : engineNames) {
    const { passed, skipped, faults } = await runSuite(engine, { isSmoke: options.includes("--smoke"), hasInstances: options.includes("--instances"), files, say, isLoud: true });
    console.log(`${faults.length ? "FAILED" : "ok    "}  ${engine}: ${passed} passed, ${skipped} skipped${faults.map((fault) => `; ${fault}`).join("")}`);
    if (faults.length) process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 2;
  });
}
