/**
 * `npm run fuzz [-- target … --minutes=n --keep]`: looks for inputs that break what the functions of `tests/fuzz/targets` say
 * holds, for two minutes a target unless told otherwise, from where the last run has come to (`target/fuzz`) and the inputs
 * of the repository. With `--keep` what was found worth keeping goes into the repository, and what is no longer leaves it.
 *
 * libFuzzer needs a nightly toolchain. Without one, `npm test` still has every input of the repository.
 */
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.mjs";
import { attempt, root } from "./command.mjs";
import { installFuzzer } from "./install.mjs";

const TARGETS = ["notices", "messages", "replies", "records", "machine"];
/** Read by JavaScript, so drawn by seeds and not by what is reached. */
const OPTIONS = "options";
/** Longer inputs are slower and say no more. */
const MAX_LENGTH = { notices: 2048, messages: 4096, replies: 4096, records: 4096, machine: 1024 };
/** An input that takes longer is not kept. */
const MAX_MS = 15;
/**
 * The product forbids unsafe code, so there is nothing for a sanitizer to find. To watch what is compared takes two thirds of
 * the time, and finds words that stand in the dictionary and small numbers that are found anyway.
 */
const CARGO_FUZZ = ["--fuzz-dir", "tests/fuzz", "--target-dir", "target/fuzz/build", "--sanitizer", "none", "--no-trace-compares"];

const work = join(root, "target/fuzz");
const say = (step) => console.log(`${step} …`);

/** What is in the repository: made by hand, and found. */
const inputs = (target) => ["seeds", "corpus"].map((kind) => `tests/fuzz/${kind}/${target}`);

/** What libFuzzer has said of its work. */
function figures(output) {
  const last = (pattern) => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0);
  return {
    executions: last(/^stat::number_of_executed_units:\s*(\d+)/gmu),
    perSecond: last(/^stat::average_exec_per_sec:\s*(\d+)/gmu),
    edges: last(/\bcov: (\d+)/gu),
    features: last(/\bft: (\d+)/gu),
  };
}

/** A dictionary of the words that the protocol knows, read from its source. */
async function writeDictionary() {
  const words = new Set();
  const sources = (await readdir(join(root, "src/proto"), { recursive: true })).filter((name) => name.endsWith(".rs"));
  for (const name of sources) {
    for (const [, word] of (await readFile(join(root, "src/proto", name), "utf8")).matchAll(/"([A-Za-z][\w-]*)"/gu)) words.add(word);
  }
  const path = join(work, "words.dict");
  await writeFile(path, [...words].map((word) => `"\\"${word}\\""\n`).join(""));
  return path;
}

async function cargoFuzz(fuzzer, command, ...args) {
  return attempt(fuzzer.command, ["fuzz", command, ...CARGO_FUZZ, ...args], { env: { ...fuzzer.env, RUST_BACKTRACE: "0" } });
}

async function fuzz(fuzzer, target, minutes, dictionary) {
  const grown = join(work, "corpus", target);
  const found = join(work, "found", `${target}-`);
  await mkdir(grown, { recursive: true });
  const limits = [`-max_total_time=${Math.round(60 * minutes)}`, `-max_len=${MAX_LENGTH[target]}`, "-timeout=30", "-print_final_stats=1"];
  const words = target === "machine" ? [] : [`-dict=${dictionary}`];
  const { code, output } = await cargoFuzz(fuzzer, "run", target, grown, ...inputs(target), "--", ...limits, ...words, `-artifact_prefix=${found}`);
  await writeFile(join(work, `${target}.log`), output);
  const { executions, perSecond, edges, features } = figures(output);
  console.log(`${code === 0 ? "ok    " : "FOUND "}  ${target.padEnd(10)}${executions} runs, ${perSecond} a second, ${edges} edges, ${features} features`);
  if (code !== 0) console.log((/^thread .*?Test unit written to .*?$/msu.exec(output)?.[0] ?? output).replace(/^/gmu, "    "));
  return code === 0;
}

/** Seeds that nobody has tried. One that is found goes into `tests/testing/options.test.mjs`. */
async function fuzzOptions(minutes) {
  const { code, output } = await attempt("node", ["tests/fuzz/options.main.mjs", String(minutes)]);
  console.log(`${code === 0 ? "ok    " : "FOUND "}  ${OPTIONS.padEnd(10)}${output.trim()}`);
  return code === 0;
}

/** The fewest and smallest inputs that reach as much as all that are known. */
async function keep(fuzzer, target) {
  const kept = join(root, "tests/fuzz/corpus", target);
  const least = join(work, "least", target);
  await rm(least, { recursive: true, force: true });
  await mkdir(least, { recursive: true });
  // By edges alone: how often each is passed would keep thousands.
  const merge = ["-set_cover_merge=1", "-use_counters=0", `-max_len=${MAX_LENGTH[target]}`];
  const { code, output } = await cargoFuzz(fuzzer, "run", target, least, ...inputs(target), join(work, "corpus", target), "--", ...merge);
  if (code !== 0) throw new Error(output);
  // `npm test` has a second for all of them, in a build that is ten times slower.
  const files = (await readdir(least)).map((name) => join(least, name));
  const timed = await cargoFuzz(fuzzer, "run", target, ...files, "--", "-runs=1");
  for (const [, file, ms] of timed.output.matchAll(/^Executed (\S+) in (\d+) ms/gmu)) if (Number(ms) > MAX_MS) await rm(file);
  await rm(kept, { recursive: true });
  await rename(least, kept).catch(() => cp(least, kept, { recursive: true }));
  console.log(`kept ${(await readdir(kept)).length} inputs of ${target}`);
}

async function main(args) {
  const options = args.filter((arg) => arg.startsWith("--"));
  const minutes = Number(options.find((option) => option.startsWith("--minutes="))?.slice(10) ?? 2);
  const chosen = args.filter((arg) => !arg.startsWith("--"));
  const known = [...TARGETS, OPTIONS];
  const unknown = [...chosen.filter((name) => !known.includes(name)), ...options.filter((option) => !/^--(minutes=.*|keep)$/u.test(option))];
  if (unknown.length || !(minutes >= 0)) {
    console.error(`usage: npm run fuzz [-- target … --minutes=n --keep], the targets are ${known.join(", ")}`);
    return 2;
  }
  const wanted = chosen.length ? chosen : known;
  let hasFound = false;
  if (wanted.includes(OPTIONS)) {
    await build(say);
    hasFound = !(await fuzzOptions(minutes));
  }
  const targets = wanted.filter((name) => name !== OPTIONS);
  if (targets.length === 0) return hasFound ? 1 : 0;

  const fuzzer = await installFuzzer(say);
  await mkdir(join(work, "found"), { recursive: true });
  const dictionary = await writeDictionary();
  say("building the targets");
  const built = await cargoFuzz(fuzzer, "build");
  if (built.code !== 0) throw new Error(built.output);
  for (const target of targets) {
    if (!(await fuzz(fuzzer, target, minutes, dictionary))) hasFound = true;
    else if (options.includes("--keep")) await keep(fuzzer, target);
  }
  return hasFound ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  return 1;
});
