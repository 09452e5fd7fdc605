import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { compile } from "svelte/compiler";
import { strict } from "../../package/harness/site.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const wasm = file("../../../dist/oauth_sync_bg.wasm");

/** `generate`: "client" or "server". */
export const svelte = (generate) => ({
  name: "svelte",
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, async ({ path }) => ({ contents: compile(await readFile(path, "utf8"), { generate, filename: path }).js.code, loader: "js" }));
  },
});

/** Serves `/react`, `/vue` and `/svelte`: a page of each, around the built package. `markup` is what a server has rendered. */
export async function serveBindings(markup) {
  const { outputFiles } = await build({
    entryPoints: ["react", "vue", "svelte"].map((name) => file(`${name}.mjs`)),
    bundle: true,
    format: "esm",
    target: "es2022",
    outdir: file("."),
    write: false,
    // Of a self-reference that is built for the browser.
    conditions: ["browser", "development"],
    define: { "process.env.NODE_ENV": '"development"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true" },
    plugins: [svelte("client")],
  });
  const scripts = new Map(outputFiles.map(({ path, contents }) => [path.slice(file(".").length).replace(/^\/?/u, "/"), contents]));
  const violations = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const name = pathname.slice(1);
    if (pathname === "/violation") {
      for await (const chunk of request) violations.push(String(chunk));
      response.writeHead(204).end();
    } else if (scripts.has(pathname)) response.writeHead(200, { "content-type": "text/javascript" }).end(scripts.get(pathname));
    else if (pathname === "/oauth_sync_bg.wasm") response.writeHead(200, { "content-type": "application/wasm" }).end(await readFile(wasm));
    else if (Object.hasOwn(markup, name)) {
      const body = searchParams.has("rendered") ? markup[name] : "";
      const html = `<!doctype html><title>${name}</title><main>${body}</main><script type="module" src="/${name}.js"></script>`;
      response.writeHead(200, { "content-type": "text/html", "content-security-policy": `${strict(html)}; report-uri /violation` }).end(html);
    } else if (pathname.startsWith("/start/")) response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>provider</title>");
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    /** What the browser has refused by the policy, which is the strictest that the package promises to live with. */
    violations,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
