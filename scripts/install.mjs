/** Installs what the other scripts need and a fresh machine has not. Each step looks first and is quick when done. */
import { access, readdir, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { attempt, root, run } from "./command.mjs";

/** The npm packages of package-lock.json, in these very versions. */
export async function installPackages(say) {
  if (await hasPackages()) return;
  say("installing npm packages");
  await run("npm", ["ci", "--no-audit", "--no-fund"]);
}

/**
 * What Cargo compiles the module for, and the source of the standard library, which is compiled with it.
 * `rust-toolchain.toml` names both, but only rustup reads that.
 */
export async function installWasmTarget(say) {
  const { code, output } = await attempt("rustc", ["--print", "sysroot"]);
  if (code !== 0) throw new Error(`Rust is missing: install it with rustup (https://rustup.rs)\n${output}`);
  const library = join(output.trim(), "lib/rustlib");
  for (const [path, name, args] of [
    ["wasm32-unknown-unknown/lib", "the wasm target", ["target", "add", "wasm32-unknown-unknown"]],
    ["src/rust/library/Cargo.lock", "the source of Rust's standard library", ["component", "add", "rust-src"]],
  ]) {
    if (await isThere(join(library, path))) continue;
    say(`installing ${name}`);
    const added = await attempt("rustup", args);
    if (added.code !== 0) throw new Error(`${name} is missing: install it with \`rustup ${args.join(" ")}\`, or from where this Rust comes\n${added.output}`);
  }
}

/** Chromium and its driver; the paths of both. */
export async function installBrowser(say) {
  const find = async () => ({
    browser: process.env.CHROMIUM ?? (await onPath("chromium", "chromium-browser", "google-chrome")),
    driver: process.env.CHROMEDRIVER ?? (await onPath("chromedriver")),
  });
  const found = await find();
  if (found.browser && found.driver) return found;
  if (process.getuid?.() !== 0 || !(await onPath("apt-get"))) {
    throw new Error("Chromium or its driver is missing: install both (on Debian: apt-get install chromium chromium-driver), or name them in CHROMIUM and CHROMEDRIVER");
  }
  say("installing Chromium and its driver");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update"], { env });
  await run("apt-get", ["install", "-y", "--no-install-recommends", "chromium", "chromium-driver"], { env });
  return find();
}

/** cargo-deny, built once: there is no package of it everywhere. */
export async function installDeny(say) {
  const tools = join(root, "target/tools");
  const deny = join(tools, "bin/cargo-deny");
  if (!(await isThere(deny))) {
    say("building cargo-deny (once)");
    const env = { CARGO_TARGET_DIR: join(tools, "build") };
    await run("cargo", ["install", "--quiet", "--debug", "--locked", "--root", tools, "--version", "0.20.2", "cargo-deny"], { env });
  }
  return deny;
}

async function hasPackages() {
  const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const isInstalled = async ([path, { version, optional }]) => {
    if (path === "") return true;
    const manifest = await readFile(join(root, path, "package.json"), "utf8").catch(() => undefined);
    // Of optional packages only those for this machine are installed.
    return manifest === undefined ? optional === true : JSON.parse(manifest).version === version;
  };
  return (await Promise.all(Object.entries(packages).map(isInstalled))).every(Boolean);
}

async function onPath(...names) {
  for (const name of names) {
    for (const directory of (process.env.PATH ?? "").split(delimiter)) {
      if (await isThere(join(directory, name))) return join(directory, name);
    }
  }
  return undefined;
}

const isThere = (path) => access(path).then(() => true, () => false);

/** The test files of a directory; Node 20 takes no patterns. */
export async function testFiles(directory) {
  const names = await readdir(join(root, directory)).catch(() => []);
  return names.filter((name) => name.endsWith(".test.mjs")).map((name) => join(directory, name));
}
