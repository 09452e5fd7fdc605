import { readFile } from "node:fs/promises";

/** The calls of the built glue by which the module says and keeps things. */
const calls = [[/(\b\w+\(\w+\))\.postMessage\(/gu, "next.post($1,"], [/(\b\w+\(\w+\))\.setItem\(/gu, "next.write($1,"]];

/**
 * The built glue as a later version of it would be: the same module, but on its way out goes what pages/next.js makes of it. A page
 * that loads it has a second version of the module, which shares channels and storage with the first.
 */
export async function nextGlue() {
  const [before, built] = await Promise.all(["../pages/next.js", "../../../dist/oauth_sync.js"].map((path) => readFile(new URL(path, import.meta.url), "utf8")));
  let glue = built;
  for (const [call, instead] of calls) {
    if (glue.match(call)?.length !== 1) throw new Error(`the built glue has not one call of the kind ${call}`);
    glue = glue.replace(call, instead);
  }
  return before + glue;
}
