/** Serves a built app under the policy that the package promises to live with, and is its back end. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".wasm": "application/wasm" };

/**
 * It starts flows, sends people back at once, to `callback(provider, flow)`, and says what has become of a flow: nobody is
 * allowed to connect `denied`. `policy`: what stands in the place of the usual Content-Security-Policy.
 * `answer(request, response)` comes first and says whether it has answered.
 */
export async function serveSite(directory, { policy = strict, answer = () => false, callback = staticPage } = {}) {
  const ends = new Map();
  const requests = [];
  const violations = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    requests.push(pathname);
    if (pathname === "/violation") {
      for await (const chunk of request) violations.push(String(chunk));
      response.writeHead(204).end();
      return;
    }
    if (await answer(request, response)) return;
    const flow = searchParams.get("flow");
    if (pathname.startsWith("/oauth/start/")) {
      const provider = pathname.split("/").at(-1);
      ends.set(flow, provider === "denied" ? { status: "cancelled", error: { code: "access_denied" } } : { status: "completed", integrationId: `int_${provider}` });
      response.writeHead(303, { location: callback(provider, flow) }).end();
    } else if (pathname === "/oauth/status") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(ends.get(flow) ?? { status: "pending" }));
    } else {
      const file = await readFile(join(directory, pathname === "/" ? "index.html" : pathname)).catch(() => undefined);
      const headers = { "content-type": types[extname(pathname)] ?? types[".html"] };
      if (headers["content-type"] === types[".html"] && file) headers["content-security-policy"] = `${policy(String(file))}; report-uri /violation`;
      response.writeHead(file ? 200 : 404, headers).end(file);
    }
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    requests,
    violations,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

/** A callback page that reads its address. */
function staticPage(provider, flow) {
  const end = provider === "denied" ? "error=access_denied" : `integration_id=int_${provider}`;
  return `/callback.html?provider=${provider}&flow=${flow}&${end}`;
}

/** What the README promises, and trusted types. What the page has inline is named by its hash: an import map, say. */
export function strict(html) {
  const hashes = (name) => [...html.matchAll(new RegExp(`<${name}(?![^>]*\\bsrc=)[^>]*>(.*?)</${name}>`, "gsu"))].map(([, text]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  const directive = (name, ...sources) => [name, "'self'", ...sources].join(" ");
  return [
    directive("default-src"),
    directive("script-src", "'wasm-unsafe-eval'", ...hashes("script")),
    directive("style-src", ...hashes("style")),
    "require-trusted-types-for 'script'",
  ].join("; ");
}
