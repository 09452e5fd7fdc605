/**
 * `npm run soak -- [minutes] [--seed=n]`: tabs open, reload, close and connect at random on Chromium, ten minutes unless told otherwise; then
 * memory, listeners, locks and storage keys have to be back where they were. The seed is printed.
 */
import { build } from "./build.mjs";
import { run } from "./command.mjs";
import { installEngine, installPackages, installWasmTarget } from "./install.mjs";

const say = (step) => console.log(`${step} …`);
const minutes = Number(process.argv.slice(2).find((arg) => !arg.startsWith("--")) ?? 10);
const seed = Number(process.argv.find((arg) => arg.startsWith("--seed="))?.slice("--seed=".length) ?? Date.now() % 100_000);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error("usage: npm run soak -- [minutes] [--seed=n]");
  process.exit(2);
}
await installWasmTarget(say);
await installPackages(say);
Object.assign(process.env, await installEngine("chromium", say));
await build((step) => say(`building the ${step}`));
await run("cargo", ["build", "--quiet", "--package", "oauth-sync-server"]);

const { soak } = await import("../tests/e2e/soak.mjs");
const faults = await soak({ minutes, seed, say });
for (const fault of faults) console.log(`FAILED  ${fault}`);
if (faults.length === 0) console.log("ok      everything is back where it was");
process.exitCode = faults.length ? 1 : 0;
