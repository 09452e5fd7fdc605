/** Installs what the other scripts need and a fresh machine has not. Each step looks first and is quick when done. */
import { access, copyFile, mkdir, readdir, readFile } from "node:fs/promises";
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

/**
 * What each engine needs: Debian's packages, and where the parts are, by the variable that may name another place.
 * WebKitGTK keeps its small browser off the path.
 */
const ENGINES = {
  chromium: {
    packages: ["chromium", "chromium-driver"],
    parts: { CHROMIUM: () => onPath("chromium", "chromium-browser", "google-chrome"), CHROMEDRIVER: () => onPath("chromedriver") },
  },
  firefox: { packages: ["firefox-esr"], parts: { FIREFOX: () => onPath("firefox-esr", "firefox") } },
  webkit: {
    packages: ["webkit2gtk-driver", "xvfb"],
    parts: { WEBKITDRIVER: () => onPath("WebKitWebDriver"), MINIBROWSER: miniBrowser, XVFB: () => onPath("Xvfb") },
  },
};

/** The engines that tests can be run on. */
export const engineNames = Object.keys(ENGINES);

/** Installs an engine and its driver; resolves with the variables that say where they are. */
export async function installEngine(name, say) {
  const { packages, parts } = ENGINES[name];
  let env = await find(parts);
  if (Object.values(env).includes(undefined)) {
    const missing = Object.keys(env).filter((part) => env[part] === undefined);
    if (!(await mayInstall())) {
      throw new Error(`${name} or its driver is missing: install them (on Debian: apt-get install ${packages.join(" ")}), or name them in ${missing.join(" and ")}`);
    }
    say(`installing ${packages.join(" and ")}`);
    await installFromDebian(packages);
    env = await find(parts);
  }
  // No Debian package has it.
  if (name === "firefox") env.GECKODRIVER = process.env.GECKODRIVER ?? (await onPath("geckodriver")) ?? (await installCrate("geckodriver", "0.37.1", say));
  return env;
}

/** Next.js, for the one example that is made with it, in a directory of its own; the path of that. */
export async function installNext(say) {
  const directory = join(root, "target/next");
  const files = ["package.json", "package-lock.json"];
  const read = (from) => Promise.all(files.map((file) => readFile(join(from, file), "utf8").catch(() => undefined)));
  const [wanted, installed] = await Promise.all([join(root, "tests/next"), join(directory, "node_modules/.installed")].map(read));
  if (wanted.every((text, index) => text === installed[index])) return directory;
  say("installing Next.js");
  await mkdir(directory, { recursive: true });
  for (const file of files) await copyFile(join(root, "tests/next", file), join(directory, file));
  await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: directory });
  await mkdir(join(directory, "node_modules/.installed"));
  for (const file of files) await copyFile(join(root, "tests/next", file), join(directory, "node_modules/.installed", file));
  return directory;
}

/** Whether there is a Python that the callback pages can be tried with: FastAPI and Django ask for 3.10. */
export async function hasPython() {
  const { code } = await attempt("python3", ["-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))"]);
  return code === 0;
}

/** PostgreSQL's programs: the tests start a server of their own with them. */
export async function installPostgres(say) {
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  if (process.env.OAUTH_SYNC_POSTGRES || versions.length > 0 || (await onPath("pg_ctl"))) return;
  if (!(await mayInstall())) {
    throw new Error("PostgreSQL is missing: install it (on Debian: apt-get install postgresql), or name its bin directory in OAUTH_SYNC_POSTGRES");
  }
  say("installing PostgreSQL");
  await installFromDebian(["postgresql"]);
}

const mayInstall = async () => process.getuid?.() === 0 && (await onPath("apt-get")) !== undefined;

async function installFromDebian(packages) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update"], { env });
  await run("apt-get", ["install", "-y", "--no-install-recommends", ...packages], { env });
}

/** cargo-deny, built once: there is no package of it everywhere. */
export const installDeny = (say) => installCrate("cargo-deny", "0.20.2", say);

/** cargo-fuzz, and what it is run with; what it cannot do without is named. */
export async function installFuzzer(say) {
  const nightly = { RUSTUP_TOOLCHAIN: "nightly" };
  const { code, output } = await attempt("cargo", ["--version"], { env: nightly });
  if (code !== 0 || !output.includes("nightly")) {
    throw new Error("fuzzing needs a nightly toolchain of Rust beside the stable one, and there is none: rustup toolchain install nightly --profile minimal");
  }
  if (!(await onPath("c++", "g++", "clang++"))) {
    throw new Error("fuzzing needs a C++ compiler, which builds libFuzzer: install one (on Debian: apt-get install g++)");
  }
  return { command: await installCrate("cargo-fuzz", "0.13.2", say), env: nightly };
}

/** cargo-mutants, which changes code to see a test fail. */
export const installMutants = (say) => installCrate("cargo-mutants", "27.1.0", say);

/** A command that is a crate, built once into `target/tools`; its path. */
async function installCrate(name, version, say) {
  const tools = join(root, "target/tools");
  const command = join(tools, "bin", name);
  if (!(await isThere(command))) {
    say(`building ${name} (once)`);
    const env = { CARGO_TARGET_DIR: join(tools, "build") };
    await run("cargo", ["install", "--quiet", "--debug", "--locked", "--root", tools, "--version", version, name], { env });
  }
  return command;
}

async function find(parts) {
  const places = Object.entries(parts).map(async ([name, look]) => [name, process.env[name] ?? (await look())]);
  return Object.fromEntries(await Promise.all(places));
}

async function miniBrowser() {
  const libraries = await readdir("/usr/lib").catch(() => []);
  const places = libraries.flatMap((name) => ["4.1", "4.0"].map((version) => `/usr/lib/${name}/webkit2gtk-${version}/MiniBrowser`));
  for (const place of places) if (await isThere(place)) return place;
  return undefined;
}

/** Packages of PyPI, in a virtual environment of their own; the directory of their commands. */
export async function installPython(venv, packages, say) {
  const commands = join(venv, "bin");
  const wanted = Object.entries(packages).map(([name, version]) => `${name}==${version}`);
  const installed = await attempt(join(commands, "pip"), ["freeze"]);
  if (installed.code === 0 && wanted.every((each) => installed.output.split("\n").includes(each))) return commands;
  say(`installing ${wanted.join(" and ")}`);
  const made = await attempt("python3", ["-m", "venv", venv]);
  if (made.code !== 0) throw new Error(`Python 3 with venv is missing (on Debian: apt-get install python3-venv)\n${made.output}`);
  await run(join(commands, "pip"), ["install", "--quiet", "--disable-pip-version-check", ...wanted]);
  return commands;
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
