import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The strictest that the element has to live with: no inline style or script, no markup from strings. */
const policy = "default-src 'self'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

/** Serves the page under test, built from the sources as they are. */
export async function serveElementPage() {
  const options = { bundle: true, splitting: true, format: "esm", target: "es2022", outdir: file("."), write: false };
  const [{ outputFiles }, second] = await Promise.all([
    build({ ...options, entryPoints: { page: file("page.ts") } }),
    // As another bundle of the same page would bring it.
    build({ ...options, entryPoints: { second: file("../../../js/element/index.ts") } }),
  ]);
  const built = new Map([...outputFiles, ...second.outputFiles].map(({ path, contents }) => [path.slice(file(".").length).replace(/^\/?/u, "/"), contents]));
  const requests = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    requests.push(pathname);
    try {
      const name = pathname === "/" ? "/page.html" : pathname;
      if (!built.has(name) && !/^\/page\.\w+$/u.test(name)) throw new Error("no such file");
      const body = built.get(name) ?? (await readFile(file(`.${name}`)));
      response.writeHead(200, { "content-type": types[extname(name)], "content-security-policy": policy }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    requests,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
