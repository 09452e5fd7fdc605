// The front of `js/` over a core and a window that tests control.
import { build } from "esbuild";
import { cp, mkdir } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FakeWindow } from "./fake-window.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const out = `${root}/target/test/js`;
let copies = 0;

/** A module with the stamp of the fake glue. */
export const moduleStamped = (stamp) => {
  const body = Buffer.from(`\x0aoauth-sync${stamp}`, "latin1");
  return new WebAssembly.Module(Buffer.concat([Buffer.from([0, 97, 115, 109, 1, 0, 0, 0, 0, body.length]), body]));
};

/** A page that has just loaded the package: nothing in it is shared with another. */
export async function openPage({ page = new FakeWindow("https://app.example/settings?tab=1"), node = false } = {}) {
  const directory = `${out}/${process.pid}-${(copies += 1)}`;
  await mkdir(directory, { recursive: true });
  await Promise.all([
    build({
      absWorkingDir: root,
      entryPoints: ["js/index.ts"],
      bundle: true,
      format: "esm",
      platform: node ? "node" : "browser",
      outfile: `${directory}/index.mjs`,
      define: { VERSION: '"0.1.0"', IS_NODE: String(node) },
      external: ["./oauth_sync.js", "./callback.js"],
      logLevel: "error",
    }),
    cp(`${root}/tests/js/harness/fake-core.js`, `${directory}/oauth_sync.js`),
    cp(`${root}/js/callback.js`, `${directory}/callback.js`),
  ]);
  page?.enter();
  const front = await import(pathToFileURL(`${directory}/index.mjs`).href);
  const { cores, control } = await import(pathToFileURL(`${directory}/oauth_sync.js`).href);
  return { ...front, page, cores, control, wasm: moduleStamped("test"), get core() {
    return cores.at(-1);
  } };
}

/** Until every promise and microtask that is due now is done. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));
