// Options of every kind, to the front and to the module behind it: each value alone, and combinations by seed. `npm run fuzz`
// goes on with other seeds.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { instantiate, OAuthSync } from "../../dist/oauth_sync.js";
import { caseOf, front, module, TAKES, VALUES } from "../fuzz/options.mjs";

await instantiate(await WebAssembly.compile(await readFile(new URL("../../dist/oauth_sync_bg.wasm", import.meta.url))));
const alone = Object.keys(TAKES).flatMap((name) => Object.keys(VALUES).map((value) => ({ [name]: value })));
/** What was found by other seeds. */
const found = [{ expireAfter: "zero", keepSettled: "zero" }];
const together = [...found, ...Array.from({ length: 400 }, (_, seed) => caseOf(seed))];

describe("options", () => {
  for (const [name, cases] of [["each alone", alone], ["together", together]]) {
    test(`${name}, the front takes what it should, and the module what the front takes`, async () => {
      for (const chosen of cases) await front(chosen).catch((error) => assert.fail(`${JSON.stringify(chosen)}: ${error.stack}`));
    });

    test(`${name}, the module takes them or names one`, () => {
      for (const chosen of cases) {
        try {
          module(OAuthSync, chosen);
        } catch (error) {
          assert.fail(`${JSON.stringify(chosen)}: ${error.stack}`);
        }
      }
    });
  }
});
