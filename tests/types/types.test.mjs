// The declarations of the package, as strict apps see them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { differences } from "../../scripts/api.mjs";

const exec = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = (...args) => exec(`${root}/node_modules/.bin/tsc`, args, { cwd: root }).catch(({ stdout }) => assert.fail(stdout));

test("usage_compiles_misuse_does_not_and_the_module_is_what_the_front_thinks", () => tsc("-p", "tests/types"));

test("the_declarations_stand_alone_in_an_older_library", () =>
  tsc("--ignoreConfig", "--strict", "--noEmit", "--target", "es2020", "--lib", "es2020", "--module", "esnext", "--moduleResolution", "bundler", "--types", "", "dist/index.d.ts", "dist/callback.d.ts"));

test("the_declarations_name_nothing_internal", async () => {
  for (const entry of ["index", "callback"]) {
    const declared = await readFile(`${root}/dist/${entry}.d.ts`, "utf8");
    assert.doesNotMatch(declared, /#private|@internal|\bCore|\bany\b(?! )|from "\.\/(?!index\.js)/);
  }
});

test("the_declarations_are_those_in_docs_api", async () => {
  assert.deepEqual(await differences(), [], "The public contract has changed. If that is meant: `npm run api`, and commit docs/api with a line in CHANGELOG.md");
});
