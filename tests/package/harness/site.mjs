/** Serves a built app under the policy that the package promises to live with, and is its back end. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".wasm": "application/wasm" };

/**
 * It starts flows, sends people back at once, and says what has become of a flow. `policy`: what stands in the place of
 * the usual Content-Security-Policy. `answer(request, response)` comes first and says whether it has answered.
 */
export async function serveSite(directory, { policy = strict, answer = () => false } = {}) {
  const completed = new Set();
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
    const integrationId = (provider) => `int_${provider}`;
    if (pathname.startsWith("/oauth/start/")) {
      completed.add(flow);
      const provider = pathname.split("/").at(-1);
      response.writeHead(303, { location: `/callback.html?provider=${provider}&flow=${flow}&integration_id=${integrationId(provider)}` }).end();
    } else if (pathname === "/oauth/status") {
      const status = completed.has(flow) ? "completed" : "pending";
      const reply = { status, completed: status === "completed", success: true, integrationId: integrationId(searchParams.get("provider")) };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply));
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

/** What the README promises, and trusted types. The inline scripts of the page are named by their hashes: an import map is one. */
export function strict(html) {
  const scripts = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>(.*?)<\/script>/gsu)].map(([, code]) => `'sha256-${createHash("sha256").update(code).digest("base64")}'`);
  return `default-src 'self'; script-src ${["'self'", "'wasm-unsafe-eval'", ...scripts].join(" ")}; require-trusted-types-for 'script'`;
}
