/** The two steps that make the module small: how Cargo compiles it, and what is done to what wasm-bindgen makes of it. */
import { readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { bin, root, run } from "./command.mjs";
import { nameInOrder } from "./order.mjs";

/**
 * Compiles the module, and its own standard library with it: for size, and without the texts of panics, which nobody
 * sees in a module that a panic ends. Cargo calls both unstable, so a stable one has to be told to allow it. Gives the
 * path of the wasm.
 */
export async function compileModule(target) {
  const profile = ["--profile", "browser", "--target", "wasm32-unknown-unknown"];
  const library = ["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];
  const flags = ["-Zunstable-options", "-Cpanic=immediate-abort", "-Zlocation-detail=none", "-Zfmt-debug=none"];
  // A table of JavaScript's values that the glue keeps is shorter than one in the module with what keeps it.
  flags.push("-Ctarget-feature=-reference-types");
  // Texts of the standard library name source files; where they lie on the machine that built them is nobody's business.
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const sysroot = (await run("rustc", ["--print", "sysroot"])).trim();
  const remaps = [`${cargoHome}=cargo`, `${sysroot}=rust`, `${root}=oauth-sync`].map((pair) => `--remap-path-prefix=${pair}`);
  const env = { RUSTC_BOOTSTRAP: "1", CARGO_ENCODED_RUSTFLAGS: [...flags, ...remaps].join("\x1f") };
  // As a module alone: beside a Rust library of the same crate, Cargo leaves out the optimisation of the whole.
  const kind = ["--lib", "--crate-type", "cdylib"];
  await run("cargo", ["rustc", "--quiet", "--package", "oauth-sync", ...kind, ...profile, ...library], { env });
  return join(target, "wasm32-unknown-unknown/browser/oauth_sync.wasm");
}

/**
 * Shrinks what wasm-bindgen left in `bindgen`: gives the wasm, and writes the glue to `dist`, which exports its class,
 * `build` (the `stamp`) and `instantiate`.
 */
export async function shrinkModule(bindgen, dist, stamp) {
  const small = join(bindgen, "small.wasm");
  const ordered = join(bindgen, "ordered.wasm");
  const optimised = join(bindgen, "optimised.wasm");
  // A body inlined into its one caller is fewer bytes, and more once compressed: what is alike no longer looks alike.
  const shrink = ["-Oz", "--one-caller-inline-max-function-size=0"];
  // Nor does what is computed once in place of twice.
  shrink.push("--skip-pass=local-cse");
  // The lowest addresses are the end of the stack: no pointer is so small, so none that is added to wraps around.
  shrink.push("--low-memory-unused");
  await run(bin("wasm-opt"), [join(bindgen, "oauth_sync_bg.wasm"), ...shrink, "--strip-debug", "-o", small]);
  await writeFile(ordered, nameInOrder(await readFile(small)));
  const finish = ["--reorder-functions-by-name", "--minify-imports-and-exports-and-modules"];
  // What only tools read: names, producers, features.
  finish.push("--strip-debug", "--strip-producers", "--strip-target-features");
  const names = JSON.parse(await run(bin("wasm-opt"), [ordered, ...finish, "-o", optimised]));
  const glue = rename(await readFile(join(bindgen, "oauth_sync.js"), "utf8"), names);
  // wasm-bindgen's own `init` can fetch, stream and warn as well; the front has compiled the module already.
  const instantiate = "async (module) => __wbg_finalize_init(await WebAssembly.instantiate(module, __wbg_get_imports()), module)";
  await writeFile(join(bindgen, "stamped.js"), `${glue}\nexport const build = ${JSON.stringify(stamp)}, instantiate = ${instantiate};\n`);
  const entry = join(bindgen, "entry.js");
  await writeFile(entry, 'export { OAuthSync, build, instantiate } from "./stamped.js";\n');
  await run(bin("esbuild"), [entry, "--bundle", "--minify", "--format=esm", "--target=es2022", `--outfile=${dist}/oauth_sync.js`]);
  return readFile(optimised);
}

/** `glue` with the names that wasm-opt gave imports and exports in place of wasm-bindgen's, which are long and hashed. */
function rename(glue, { imports, exports }) {
  const short = new Map([...imports.map(([, name, short]) => [name, short]), ...exports]);
  return glue
    // wasm-opt calls the one module that everything is imported from so.
    .replace('"./oauth_sync_bg.js"', '"a"')
    .replace(/(?<=\bwasm\.)[\w$]+/g, (name) => short.get(name) ?? name)
    .replace(/(?<=^ *)[\w$]+(?=: function\()/gm, (name) => short.get(name) ?? name);
}
