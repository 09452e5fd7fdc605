/**
 * `npm test [-- stage …]`: every gate, one stage after the other; all of them run, whatever fails.
 *
 * The output of a stage that fails is printed; that of each is in `target/test/`.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt, bin, root } from "./command.mjs";
import { hasPython, installDeny, installEngine, installNext, installPackages, installPostgres, installPython, installWasmTarget, testFiles } from "./install.mjs";

const say = (step) => console.log(`${step} …`);
const cargo = (...args) => ["cargo", args];
const wasm = ["--package", "oauth-sync", "--target", "wasm32-unknown-unknown"];
const BUILD = [["node", ["scripts/build.mjs"]], cargo("build", "--quiet", "--package", "oauth-sync-server")];
const strict = { RUSTDOCFLAGS: "-D warnings" };

/** What the callback pages in Python are tried with. */
const FRAMEWORKS = { Django: "5.2.19", fastapi: "0.165.0", uvicorn: "0.54.0" };

/**
 * Commands in order, or a function that makes them. `hasTests`: without a single test it has failed. `needsPython`: without
 * Python it is skipped, and says so.
 */
const STAGES = {
  fmt: { commands: [cargo("fmt", "--all", "--check", "--", "--color", "never")] },
  clippy: { commands: [cargo("clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings")] },
  "clippy-wasm": { commands: [cargo("clippy", "--quiet", ...wasm, "--all-targets", "--", "-D", "warnings")] },
  rustdoc: {
    commands: [cargo("doc", "--quiet", "--workspace", "--no-deps"), cargo("doc", "--quiet", "--no-deps", ...wasm)],
    env: strict,
  },
  native: { commands: [cargo("test", "--workspace")], hasTests: true },
  // What is about a SQLite file or no database at all has been tried by then.
  postgres: {
    commands: async () => {
      await installPostgres(say);
      const skipped = ["model::", "sqlite::", "config::", "startup::", "openapi::", "a_full_database", "fifty_callers_of_this_process"].flatMap((name) => ["--skip", name]);
      return [cargo("test", "--package", "oauth-sync-server", "--test", "server", "--", "--include-ignored", ...skipped)];
    },
    env: { OAUTH_SYNC_TEST_DATABASE: "postgres" },
    hasTests: true,
  },
  wasm: { commands: [cargo("test", ...wasm)], hasTests: true, needsBrowser: true },
  build: { commands: BUILD },
  tsc: { commands: [[bin("tsc"), ["-p", "tsconfig.json"]]] },
  types: { commands: () => nodeTests("tests/types"), hasTests: true, needsBuild: true },
  js: { commands: () => nodeTests("tests/js"), hasTests: true },
  package: { commands: () => nodeTests("tests/package"), hasTests: true, needsBrowser: true },
  element: { commands: () => nodeTests("tests/element"), hasTests: true, needsBuild: true, needsBrowser: true },
  bindings: { commands: () => nodeTests("tests/bindings"), hasTests: true, needsBuild: true, needsBrowser: true },
  testing: { commands: () => nodeTests("tests/testing"), hasTests: true, needsBuild: true },
  examples: { commands: () => nodeTests("tests/examples"), hasTests: true, needsBuild: true, needsBrowser: true },
  next: {
    commands: async () => {
      await installNext(say);
      return nodeTests("tests/next");
    },
    hasTests: true,
    needsBuild: true,
    needsBrowser: true,
  },
  callbacks: {
    commands: async () => [cargo("build", "--quiet", "--package", "oauth-sync-server", "--example", "callback_page"), ...(await nodeTests("tests/callbacks"))],
    hasTests: true,
    needsBuild: true,
    needsBrowser: true,
  },
  "callbacks-python": { commands: () => nodeTests("tests/callbacks-python"), hasTests: true, needsBuild: true, needsBrowser: true, needsPython: true },
  docs: { commands: () => nodeTests("tests/docs"), hasTests: true, needsBuild: true },
  size: { commands: [["node", ["scripts/size.mjs"]]] },
  deny: {
    commands: async () => [[await installDeny(say), ["--locked", "--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]]],
  },
  provider: { commands: () => nodeTests("tests/provider"), hasTests: true },
  start: { commands: () => nodeTests("tests/start"), hasTests: true, needsBuild: true },
  e2e: { commands: () => nodeTests("tests/e2e"), hasTests: true, needsBuild: true, needsBrowser: true },
  "e2e-instances": { commands: [["node", ["scripts/e2e.mjs", "chromium", "--smoke", "--instances"]]], hasTests: true },
  "e2e-firefox": { commands: [["node", ["scripts/e2e.mjs", "firefox", "--smoke"]]], hasTests: true },
  "e2e-webkit": { commands: [["node", ["scripts/e2e.mjs", "webkit", "--smoke"]]], hasTests: true },
  matrix: { commands: async () => [...(await nodeTests("tests/matrix")), ["node", ["scripts/matrix.mjs", "chromium"]]], hasTests: true, needsBuild: true, needsBrowser: true },
};

/**
 * Minutes that a stage should take on two idle cores, what it has to build and install included: 45 in all, half of what CI allows. Where it
 * took longer that is told, and no failure: a machine may have other work.
 */
const MINUTES = {
  fmt: 0.5, clippy: 1.5, "clippy-wasm": 0.5, rustdoc: 1, native: 4, postgres: 5, wasm: 1.5, build: 1.5, tsc: 0.5, types: 0.5, js: 0.5, package: 0.5, element: 1.5,
  bindings: 0.5, testing: 0.5, examples: 1, next: 1, callbacks: 0.5, "callbacks-python": 0.5, docs: 0.5, size: 0.5, deny: 1.5, provider: 0.5, start: 0.5,
  e2e: 10, "e2e-instances": 1.5, "e2e-firefox": 3, "e2e-webkit": 1, matrix: 3,
};

async function nodeTests(directory) {
  // Browsers of several files at once would only take the two cores from each other.
  return [["node", ["--test", "--test-reporter=spec", "--test-concurrency=1", ...(await testFiles(directory))]]];
}

async function runStage({ commands, env = {}, hasTests = false, needsBuild = false, needsBrowser = false, needsPython = false }) {
  if (needsPython) {
    if (!(await hasPython())) return { isPassed: true, output: "", note: ", skipped: there is no Python 3.10 or later with venv" };
    env.PYTHON = join(await installPython(join(root, "target/python"), FRAMEWORKS, say), "python");
  }
  if (needsBrowser) Object.assign(env, await installEngine("chromium", say));
  const outputs = [];
  let tests = 0;
  const own = typeof commands === "function" ? await commands() : commands;
  for (const [command, args] of needsBuild ? [...BUILD, ...own] : own) {
    const { code, output } = await attempt(command, args, { env: { ...env, CARGO_TERM_COLOR: "never" } });
    outputs.push(output);
    for (const [, inRust, inNode] of output.matchAll(/^test result: ok\. (\d+) passed|^ℹ pass (\d+)/gm)) tests += Number(inRust ?? inNode);
    if (code !== 0) return { isPassed: false, output: outputs.join("\n") };
  }
  if (hasTests && tests === 0) return { isPassed: false, output: `${outputs.join("\n")}\nno test was run` };
  return { isPassed: true, output: outputs.join("\n"), note: hasTests ? `, ${tests} tests` : "" };
}

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(STAGES, name));
if (unknown !== undefined) {
  console.error(`no stage is called ${unknown}; there are ${Object.keys(STAGES).join(", ")}`);
  process.exit(2);
}
await installWasmTarget(say);
await installPackages(say);
await mkdir(join(root, "target/test"), { recursive: true });

const failed = [];
const names = chosen.length ? chosen : Object.keys(STAGES);
for (const name of names) {
  const start = performance.now();
  const result = await runStage(STAGES[name]).catch((error) => ({ isPassed: false, output: error.message }));
  const elapsed = (performance.now() - start) / 1000;
  const isSlow = elapsed > 60 * MINUTES[name];
  const { output, isPassed } = result;
  const note = `${result.note ?? ""}${isSlow ? `, over its ${MINUTES[name]} minutes` : ""}`;
  const seconds = elapsed.toFixed(1);
  await writeFile(join(root, `target/test/${name}.log`), output);
  console.log(`${isPassed ? "ok    " : "FAILED"}  ${name.padEnd(14)}${seconds.padStart(7)} s${note}`);
  if (!isPassed) {
    failed.push(name);
    console.log(output.replace(/^/gm, "    "));
  }
}
if (failed.length) console.log(`failed: ${failed.join(", ")}`);
const budget = names.reduce((sum, name) => sum + MINUTES[name], 0);
console.log(`${names.length - failed.length} passed, ${failed.length} failed, in ${(performance.now() / 60_000).toFixed(1)} of ${budget} minutes`);
process.exitCode = failed.length ? 1 : 0;
