/**
 * `npm run mutants -- [options of cargo-mutants]`: changes `src/proto` in one place at a time and runs the tests of the protocol, which have to
 * fail. With `--file=src/proto/verdict.rs` or `--re=…` some of it; with `--table`, the table of the last run alone. What cannot matter stands with its
 * reason in .cargo/mutants.toml, and an entry there that no mutant has any more is an error.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt, root, run } from "./command.mjs";
import { installMutants } from "./install.mjs";

const CONFIG = join(root, ".cargo/mutants.toml");
const FILES = "--file=src/proto/**";

const say = (step) => console.log(`${step} …`);
const args = process.argv.slice(2);
const command = await installMutants(say);
const mutants = (...options) => [command, ["mutants", "--dir", root, ...options]];

const everything = JSON.parse(await run(...mutants("--no-config", "--list", "--json", FILES)));
const listed = [...(await readFile(CONFIG, "utf8")).matchAll(/^ {4}'(.*)',/gm)].map(([, pattern]) => new RegExp(pattern));
const stale = listed.filter((pattern) => !everything.some(({ name }) => pattern.test(name)));
for (const pattern of stale) console.error(`no mutant is called ${pattern.source} any more: take it from .cargo/mutants.toml`);

const files = args.some((arg) => /^(--file|-f)\b/.test(arg)) ? [] : [FILES];
let code = 0;
if (!args.includes("--table")) {
  // A run takes seconds: what takes a minute loops for ever. Dependencies are built once, and the same for every run; the module itself is copied to another place each time.
  const env = { CARGO_TARGET_DIR: join(root, "target/mutants/build"), PROPTEST_CASES: "8", PROPTEST_RNG_SEED: "1" };
  ({ code } = await attempt(...mutants("--output", join(root, "target/mutants"), "--jobs=1", "--timeout=60", ...files, ...args), { env, isLoud: true }));
}
// 2 and 3: some mutants were missed, or looped.
if ([0, 2, 3].includes(code)) await printTable();
// What loops for ever is noticed by whoever runs it.
process.exitCode = (code === 3 ? 0 : code) || (stale.length ? 1 : 0);

/** How the mutants of each file fared in the last run. */
async function printTable() {
  const { outcomes } = JSON.parse(await readFile(join(root, "target/mutants/mutants.out/outcomes.json"), "utf8"));
  const rows = new Map();
  const add = (file, column) => {
    for (const name of [file, "in all"]) {
      if (!rows.has(name)) rows.set(name, { mutants: 0, caught: 0, timeout: 0, missed: 0, unviable: 0, listed: 0 });
      rows.get(name).mutants += 1;
      rows.get(name)[column] += 1;
    }
  };
  const columns = { CaughtMutant: "caught", Timeout: "timeout", MissedMutant: "missed", Unviable: "unviable" };
  for (const { scenario, summary } of outcomes) if (scenario.Mutant) add(scenario.Mutant.file, columns[summary]);
  const isRun = (file) => rows.has(file);
  for (const { file, name } of everything) if (isRun(file) && listed.some((pattern) => pattern.test(name))) add(file, "listed");
  console.table(Object.fromEntries([...rows].sort(([one], [other]) => (one === "in all") - (other === "in all") || (one < other ? -1 : 1))));
}
