/** `npm run size [-- --json]`: what a page downloads, in bytes, and the budgets for it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { root } from "./command.mjs";

/**
 * Brotli at its highest level, in bytes. For the wasm and its glue the aim is 36,864; until it is reached, what is there
 * may only shrink.
 */
const BUDGETS = { "wasm and glue": 52_224, front: 5_120, "notify alone": 1_024, "callback.global.js": 2_048, react: 1_024, svelte: 1_024, vue: 1_024 };

/** `{ sizes, budgets }` of what is in `dist/`. */
export async function measure() {
  const file = async (name) => sizeOf(await readFile(join(root, "dist", name)));
  const wasm = await file("oauth_sync_bg.wasm");
  const glue = await file("oauth_sync.js");
  const sizes = {
    wasm,
    glue,
    "wasm and glue": { raw: wasm.raw + glue.raw, gzip: wasm.gzip + glue.gzip, brotli: wasm.brotli + glue.brotli },
    front: await file("index.js"),
    connections: await file("connections.js"),
    inline: await file("inline.js"),
    callback: await file("callback.js"),
    "notify alone": sizeOf(await bundle('import { notify } from "./callback.js"; notify(globalThis.notice);')),
    "callback.global.js": await file("callback.global.js"),
    "callback.html": await file("callback.html"),
    react: await file("react.js"),
    svelte: await file("svelte.js"),
    vue: await file("vue.js"),
    element: sizeOf(await bundle('import "./element/index.js";')),
    "element and toast": sizeOf(await bundle('import "./element/index.js"; import "./element/toast.js";')),
    "element in German": await file("element/messages/de.js"),
  };
  const budgets = Object.entries(BUDGETS).map(([name, brotli]) => ({ name, brotli, isKept: sizes[name].brotli <= brotli }));
  return { sizes, budgets };
}

function sizeOf(bytes) {
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
}

/** What an app's bundler leaves of the package for `source`. */
async function bundle(source) {
  const { build: esbuild } = await import("esbuild");
  const stdin = { contents: source, resolveDir: join(root, "dist") };
  // Languages are files of their own, for pages that are in them.
  const external = ["./messages/*"];
  const result = await esbuild({ stdin, external, bundle: true, minify: true, format: "esm", target: "es2022", write: false });
  return Buffer.from(result.outputFiles[0].contents);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await build();
  const { sizes, budgets } = await measure();
  if (process.argv.includes("--json")) console.log(JSON.stringify({ sizes, budgets }, undefined, 2));
  else {
    const budgetOf = (name) => budgets.find((budget) => budget.name === name);
    const row = ([name, { raw, gzip, brotli }]) => [name, { raw, gzip, brotli, budget: budgetOf(name)?.brotli ?? "" }];
    console.table(Object.fromEntries(Object.entries(sizes).map(row)));
  }
  if (!budgets.every((budget) => budget.isKept)) process.exitCode = 1;
}
