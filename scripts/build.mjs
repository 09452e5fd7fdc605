/**
 * `npm run build`: the package, in `dist/`. What is up to date is left alone.
 *
 *   src/ ──cargo──▶ wasm ──bindgen──▶ wasm + glue ──wasm-opt, esbuild, one stamp on both──▶ dist/oauth_sync{_bg.wasm,.js}
 *   js/  ──esbuild──▶ dist/*.js      js/ ──tsc──▶ dist/*.d.ts
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { bin, root, run } from "./command.mjs";
import { compileModule, shrinkModule } from "./module.mjs";

const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
const bindgen = join(target, "bindgen");
const dist = join(root, "dist");
/** Languages that the element loads when a page is in them; English is in it. */
const LANGUAGES = ["ar", "de", "ja"];
const BINDINGS = ["react", "svelte", "vue"];
/** The globals that the sandbox of `oauth-sync/testing` has of its own. */
const REALM = [
  "globalThis", "window", "self", "document", "location", "origin", "opener", "navigator", "localStorage", "sessionStorage", "BroadcastChannel",
  "Date", "performance", "setTimeout", "clearTimeout", "queueMicrotask", "fetch", "reportError", "addEventListener", "removeEventListener", "Window",
];
/** What `buildModule` leaves in `dist/`. */
const MODULE = ["oauth_sync.js", "oauth_sync_bg.wasm"];
/** What everything that is built depends on. */
const TOOLS = ["package-lock.json", "scripts/build.mjs", "scripts/module.mjs", "scripts/order.mjs"];

/** Builds the package; `say` is told what is being done. */
export async function build(say = () => {}) {
  await mkdir(dist, { recursive: true });
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  await buildModule(version, say);
  await buildFront(version, say);
}

async function buildModule(version, say) {
  say("module");
  const wasm = await compileModule(target);
  await unlessUpToDate("module", [wasm, ...TOOLS, "Cargo.lock", "xtask/src/main.rs"], "oauth_sync_bg.wasm", async (hash) => {
    await run("cargo", ["xtask", "bindgen", wasm, bindgen]);
    const stamp = `${version}-${hash.slice(0, 8)}`;
    await writeFile(join(dist, "oauth_sync_bg.wasm"), Buffer.concat([await shrinkModule(bindgen, dist, stamp), customSection("oauth-sync", stamp)]));
  });
}

async function buildFront(version, say) {
  const sources = (await readdir(join(root, "js"), { recursive: true })).filter((name) => name.includes(".")).map((name) => `js/${name}`);
  // The sandbox of `oauth-sync/testing` holds the glue, too, and `oauth-sync/inline` all of it.
  const made = MODULE.map((name) => join(dist, name));
  await unlessUpToDate("front", [...sources, ...made, ...TOOLS, "package.json", "tsconfig.json", "tsconfig.build.json"], "callback.d.ts", async () => {
    say("front");
    // What an earlier build made and this one does not would be packed with it.
    for (const name of await readdir(dist)) if (!MODULE.includes(name)) await rm(join(dist, name), { recursive: true });
    const bundle = (entry, name, ...options) =>
      run(bin("esbuild"), [`js/${entry}`, "--bundle", "--minify", `--outfile=${dist}/${name}`, ...options]);
    const front = ["--format=esm", "--target=es2022", `--define:VERSION=${JSON.stringify(version)}`];
    front.push("--external:./oauth_sync.js", "--external:./callback.js", "--external:./connections.js");
    await bundle("index.ts", "index.js", ...front, "--define:IS_NODE=false");
    await bundle("index.ts", "index.node.js", ...front, "--platform=node", "--define:IS_NODE=true");
    await bundle("connections.ts", "connections.js", "--format=esm", "--target=es2022");
    await bundle("callback.js", "callback.js", "--format=esm", "--target=es2020");
    await bundle("callback.global.js", "callback.global.js", "--format=iife", "--target=es2020");
    await callbackPage();
    await bundleInline(version);
    await bundleInterfaces();
    await bundleTesting();
    await declarations();
  });
}

/** `oauth-sync/callback.html`: the page in one file, and its policy by the hashes of what is in it. */
async function callbackPage() {
  const script = await run(bin("esbuild"), ["js/callback.page.js", "--bundle", "--minify", "--format=iife", "--target=es2020"]);
  const page = (await readFile(join(root, "js/callback.html"), "utf8")).replace("{script}", () => script);
  const hash = (name) => {
    const [, text] = new RegExp(`<${name}\\b[^>]*>(.*?)</${name}>`, "s").exec(page);
    return `sha256-${createHash("sha256").update(text).digest("base64")}`;
  };
  await writeFile(join(dist, "callback.html"), page.replace("{script-hash}", hash("script")).replace("{style-hash}", hash("style")));
}

/** `oauth-sync/inline`: one file that needs no other, for hosts that cannot serve one. */
async function bundleInline(version) {
  const { build: esbuild } = await import("esbuild");
  const built = {
    name: "built",
    setup({ onLoad, onResolve }) {
      const pack = async ({ path }) => ({ contents: gzipSync(await readFile(path), { level: 9 }).toString("base64"), loader: "text" });
      onLoad({ filter: /\.wasm$/ }, pack);
      onResolve({ filter: /\/oauth_sync(\.js|_bg\.wasm)$/ }, ({ path }) => ({ path: join(dist, basename(path)) }));
      onResolve({ filter: /\/beside\.js$/ }, () => ({ path: join(root, "js/inline.ts") }));
    },
  };
  await esbuild({
    entryPoints: [join(root, "js/index.ts")],
    outfile: join(dist, "inline.js"),
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    define: { VERSION: JSON.stringify(version) },
    plugins: [built],
  });
}

/** What stands on the public types alone: the element, each of its languages a file, and the frameworks' bindings. */
async function bundleInterfaces() {
  const options = ["--bundle", "--minify", "--format=esm", "--target=es2022"];
  const out = join(dist, "element");
  const messages = LANGUAGES.map((language) => `js/element/messages/${language}.ts`);
  const element = ["js/element/index.ts", "js/element/toast.ts", ...messages, "--outbase=js/element", `--outdir=${out}`, "--splitting", "--charset=utf8"];
  await run(bin("esbuild"), [...element, ...options]);
  const bindings = BINDINGS.map((name) => `js/${name}.ts`);
  await run(bin("esbuild"), [...bindings, `--outdir=${dist}`, "--packages=external", ...options]);
}

/** `oauth-sync/testing`: the built package once more, as a function of the globals that it uses. */
async function bundleTesting() {
  const out = join(dist, "testing");
  const iife = join(target, "bindgen/sandbox.js");
  // Where the module is, the sandbox is told: it asks no `import.meta`.
  const options = ["--bundle", "--minify", "--target=es2022"];
  await run(bin("esbuild"), [join(dist, "index.js"), ...options, "--format=iife", "--global-name=front", "--log-override:empty-import-meta=silent", `--outfile=${iife}`]);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "sandbox.js"), `export function sandbox(realm) {\nconst { ${REALM.join(", ")} } = realm;\n${await readFile(iife, "utf8")}return front;\n}\n`);
  for (const [name, isNode] of [["index", false], ["index.node", true]]) {
    const source = ["js/testing/index.ts", "--format=esm", "--external:./sandbox.js", "--external:../index.js", ...(isNode ? ["--platform=node"] : [])];
    await run(bin("esbuild"), [...source, ...options, `--define:IS_NODE=${isNode}`, `--outfile=${out}/${name}.js`]);
  }
  // There the app's own import of the package is another file.
  const node = join(out, "index.node.js");
  await writeFile(node, (await readFile(node, "utf8")).replace("../index.js", "../index.node.js"));
}

/** One declaration file for each entry: what is internal has no types to import. */
async function declarations() {
  const types = join(target, "types");
  await rm(types, { recursive: true, force: true });
  await run(bin("tsc"), ["-p", "tsconfig.build.json", "--outDir", types]);
  const read = (name) => readFile(join(types, `${name}.d.ts`), "utf8");
  const parts = await Promise.all(["types", "errors", "index"].map(read));
  const declared = parts
    .join("\n")
    .replace(/^(import|export) [^;]*\bfrom "\.\/[^"]*";\n|^export \{\};\n/gm, "")
    // Private fields would make the class nominal, and a fake in somebody's tests no `OAuthSync`.
    .replace(/^\s*#private;\n/gm, "");
  const libraries = '/// <reference lib="dom" />\n/// <reference lib="esnext.disposable" />\n';
  await writeFile(join(dist, "index.d.ts"), `${libraries}${declared}export {};\n`);
  await writeFile(join(dist, "inline.d.ts"), '/** `oauth-sync`, with the wasm module inside. */\nexport * from "./index.js";\n');
  const refer = (text, up = "./") => text.replaceAll(`${up}types.js`, `${up}index.js`);
  for (const name of BINDINGS) await writeFile(join(dist, `${name}.d.ts`), refer(await read(name)));
  await mkdir(join(dist, "element/messages"), { recursive: true });
  const testing = (await read("testing/index")).replace(/^\s*#private;\n/gm, "").replace(/ implements Pick<.*> \{$/m, " extends OAuthSync<P> {");
  await writeFile(join(dist, "testing/index.d.ts"), refer(testing, "../"));
  for (const name of ["index", "toast", "connect", "languages", "view"]) {
    await writeFile(join(dist, `element/${name}.d.ts`), refer(await read(`element/${name}`), "../"));
  }
  for (const name of ["table", "en", ...LANGUAGES]) {
    await writeFile(join(dist, `element/messages/${name}.d.ts`), await read(`element/messages/${name}`));
  }
  await writeFile(join(dist, "callback.d.ts"), (await read("callback")).replaceAll("./types.js", "./index.js"));
}

/** Runs `make` unless it did so before with the same bytes in `files`, and `result` is still there. */
async function unlessUpToDate(name, files, result, make) {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) hash.update(await readFile(resolve(root, file)));
  const digest = hash.digest("hex");
  const mark = join(target, `${name}.up-to-date`);
  const done = await Promise.all([mark, join(dist, result)].map((file) => readFile(file, "utf8").catch(() => "")));
  if (done[0] === digest && done[1]) return;
  await rm(mark, { force: true });
  await make(digest);
  await writeFile(mark, digest);
}

/** A custom section of a wasm module: id 0, length, length of the name, name, content. Each length here fits one byte. */
function customSection(name, content) {
  const body = Buffer.from(`${String.fromCharCode(name.length)}${name}${content}`, "latin1");
  return Buffer.concat([Buffer.from([0, body.length]), body]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await build((step) => console.log(`build: ${step}`));
}
