// `node tests/fuzz/options.main.mjs minutes [seed]`: one combination of options after the other.
import { readFile } from "node:fs/promises";
import { instantiate, OAuthSync } from "../../dist/oauth_sync.js";
import { caseOf, front, module } from "./options.mjs";

const [minutes, first = Date.now() % 2 ** 32] = process.argv.slice(2).map(Number);
await instantiate(await WebAssembly.compile(await readFile(new URL("../../dist/oauth_sync_bg.wasm", import.meta.url))));

const end = Date.now() + 60_000 * minutes;
let runs = 0;
for (let seed = first; Date.now() < end; seed += 1) {
  const chosen = caseOf(seed);
  try {
    await front(chosen);
    module(OAuthSync, chosen);
  } catch (error) {
    console.error(`seed ${seed}: ${JSON.stringify(chosen)}\n${error.stack}`);
    process.exit(1);
  }
  runs += 1;
}
console.log(`${runs} runs from seed ${first}`);
