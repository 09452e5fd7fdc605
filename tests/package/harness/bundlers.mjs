/**
 * What apps are built with. Each takes a copy of the app with the package installed, and the options of `build`:
 * `isInline` where the module is in the JavaScript. It resolves with the directory to serve.
 */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const PAGES = ["index.html", "callback.html"];
const ENTRIES = { app: "./app.js", callback: "./callback.js" };

export const BUNDLERS = {
  async vite(app) {
    const { build } = await import("vite");
    await build({ root: app, configFile: false, logLevel: "error", build: { rollupOptions: { input: PAGES.map((file) => join(app, file)) } } });
    return join(app, "dist");
  },

  async webpack(app) {
    const { default: webpack } = await import("webpack");
    const output = { path: join(app, "dist"), filename: "[name].js", trustedTypes: true };
    const stats = await promisify((done) => webpack({ mode: "production", context: app, entry: ENTRIES, output }, done))();
    const { errors } = stats.toJson({ errors: true });
    if (errors.length) throw new Error(errors.map(({ message }) => message).join("\n"));
    return withPages(app);
  },

  async esbuild(app, { isInline }) {
    const { build } = await import("esbuild");
    const entryPoints = Object.values(ENTRIES).map((entry) => join(app, entry));
    await build({ entryPoints, outdir: join(app, "dist"), bundle: true, minify: true, splitting: true, format: "esm", logLevel: "error" });
    if (!isInline) await copyModule(app);
    return withPages(app);
  },

  async rollup(app, { isInline }) {
    const [{ rollup }, { nodeResolve }] = await Promise.all([import("rollup"), import("@rollup/plugin-node-resolve")]);
    const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [name, join(app, entry)]));
    const bundle = await rollup({ input, plugins: [nodeResolve({ browser: true })] });
    await bundle.write({ dir: join(app, "dist"), format: "es" });
    await bundle.close();
    if (!isInline) await copyModule(app);
    return withPages(app);
  },

  /** None: the browser finds the package by an import map. */
  async "an import map"(app, { isInline }) {
    const { exports } = JSON.parse(await readFile(join(app, "node_modules/oauth-sync/package.json"), "utf8"));
    const address = (entry) => `/node_modules/oauth-sync/${exports[entry].default.slice(2)}`;
    const imports = Object.fromEntries([".", "./callback", "./element", "./inline"].map((entry) => [`oauth-sync${entry.slice(1)}`, address(entry)]));
    for (const page of PAGES) {
      const html = await readFile(join(app, page), "utf8");
      await writeFile(join(app, page), html.replace("<body>", `<script type="importmap">${JSON.stringify({ imports })}</script>\n<body>`));
    }
    if (isInline) await rm(join(app, "node_modules/oauth-sync/dist/oauth_sync_bg.wasm"));
    return app;
  },
};

/** esbuild and Rollup leave `new URL("./oauth_sync_bg.wasm", import.meta.url)` as it is: the file belongs beside the bundle. */
async function copyModule(app) {
  await cp(join(app, "node_modules/oauth-sync/dist/oauth_sync_bg.wasm"), join(app, "dist/oauth_sync_bg.wasm"));
}

async function withPages(app) {
  const directory = join(app, "dist");
  await mkdir(directory, { recursive: true });
  for (const page of PAGES) await cp(join(app, page), join(directory, page));
  return directory;
}
