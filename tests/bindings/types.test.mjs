// The declarations of the bindings and of the element, as strict apps see them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("usage_compiles_and_misuse_does_not", () =>
  promisify(execFile)(`${root}/node_modules/.bin/tsc`, ["-p", "tests/bindings/types"], { cwd: root }).catch(({ stdout }) => assert.fail(stdout)));
