import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";

const www = new URL("../../../www/", import.meta.url);
const elements = new URL("../../../dist/element/", import.meta.url);
const double = new URL("../pages/double.js", import.meta.url);
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** Serves the demo's pages, under the policy that the server gives them, with a stand-in for the module. */
export async function servePageDouble() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    try {
      const name = pathname === "/" ? "index.html" : pathname.slice(1);
      const element = /^\/oauth-sync\/element\/((?:messages\/)?[\w-]+\.js)$/u.exec(pathname)?.[1];
      if (pathname !== "/oauth-sync/index.js" && element === undefined && !/^[\w-]+\.\w+$/u.test(name)) throw new Error("no such file");
      const body = await readFile(pathname === "/oauth-sync/index.js" ? double : element === undefined ? new URL(name, www) : new URL(element, elements));
      response.writeHead(200, {
        "content-type": types[extname(name)],
        "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
      }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
