import { readFile } from "node:fs/promises";
import { createServer, request as send } from "node:http";
import { extname } from "node:path";
import { pipeline } from "node:stream";
import { nextGlue } from "./next-version.mjs";
import { StatusFaults } from "./status-faults.mjs";

const pages = new URL("../pages/", import.meta.url);
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css", ".svg": "image/svg+xml" };

/** What the demo's pages get from the server, so that the extra pages live under the same rules. */
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/**
 * The app's origin as the browsers under test see it: the companion server, with pages of the tests' own beside it and
 * faults put in on the way. A fault that is a first script works in every browser that a driver can start.
 */
export class Front {
  /** Faults by kind of page: `app` for the app's pages, `callback` for those under /oauth/. */
  faults = { app: [], callback: [] };
  /** Scripts that the app's pages load before their own, by kind of page. */
  scripts = { app: [], callback: [] };
  /** Headers that replace a page's own, by kind of page. */
  headers = { app: {}, callback: {} };
  /** The version of the module that the tests' pages load: `real`, or `next`, which says more than that knows. */
  version = "real";
  /** Faults of the status endpoint, and what it was asked. */
  status = new StatusFaults();
  /** Answers of the scripted endpoint `/test/status`: a function of the query, or an object. */
  script = { status: "pending", completed: false, success: false };
  /** Paths, or pages as `tab <name>`, that answer nothing until they are taken out; paths that never answer. */
  held = new Set();
  cut = new Set();
  /** Path and query of each request but the log's. */
  requests = [];
  /** What pages have sent each other and stored, as JSON. */
  said = [];
  /** Whether pages of every origin may read what it sends, as those of an opaque one have to. */
  isShared = false;
  /** How many requests to the app's own route `/test/api` are still to be answered with 401; then it sends back what it got. */
  unauthorised = 0;
  upstream = undefined;

  #server = createServer((request, response) => {
    this.#serve(request, response).catch((error) => response.destroy(error));
  });
  #released = new Set();
  #log;

  static async open(log) {
    const front = new Front();
    front.#log = log;
    await new Promise((resolve) => front.#server.listen(0, "127.0.0.1", resolve));
    front.origin = `http://localhost:${front.#server.address().port}`;
    return front;
  }

  close() {
    this.release();
    return new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** Lets every held request go on. */
  release() {
    this.held.clear();
    for (const resolve of this.#released) resolve();
    this.#released.clear();
  }

  /** How many requests had a path that begins with `prefix`. */
  count(prefix) {
    return this.requests.filter(({ path }) => path.startsWith(prefix)).length;
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.origin);
    if (this.isShared) response.setHeader("access-control-allow-origin", "*");
    if (url.pathname === "/test/reports") {
      for (const report of JSON.parse(await bodyOf(request))) {
        if (report.kind === "said") this.said.push(report.text);
        else this.#log.add(report);
      }
      response.writeHead(204).end();
      return;
    }
    if (url.pathname === "/test/forget") {
      response.writeHead(200, { "clear-site-data": `"cookies"`, "content-type": "text/html" }).end();
      return;
    }
    const entry = { path: url.pathname, query: url.searchParams, method: request.method, answeredAt: undefined };
    this.requests.push(entry);
    response.once("finish", () => {
      entry.answeredAt = Date.now();
    });
    if (this.cut.has(url.pathname)) {
      response.destroy();
      return;
    }
    const tab = `tab ${url.searchParams.get("tab")}`;
    while (this.held.has(url.pathname) || this.held.has(tab)) await new Promise((resolve) => this.#released.add(resolve));

    if (url.pathname === "/oauth/status" || url.pathname === "/test/status") {
      const handled = await this.status.answer(url, response);
      if (handled) return;
    }
    if (url.pathname === "/test/api") {
      const body = await bodyOf(request);
      this.unauthorised -= 1;
      response.writeHead(this.unauthorised >= 0 ? 401 : 200, { "content-type": "text/plain" }).end(body);
      return;
    }
    if (url.pathname === "/test/status") {
      const script = typeof this.script === "function" ? this.script(url.searchParams) : this.script;
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(script));
    } else if (url.pathname === "/oauth-sync/index.js") {
      const recorder = await readFile(new URL("recorder.js", pages), "utf8");
      this.#sendScript(response, recorder.replaceAll("./real/", `./${this.version}/`));
    } else if (url.pathname === "/oauth-sync/next/oauth_sync.js") {
      this.#sendScript(response, await nextGlue());
    } else if (url.pathname.startsWith("/test/")) {
      await this.#sendFile(response, url.pathname.slice("/test/".length), url.pathname.includes("callback") ? "callback" : "app");
    } else {
      const path = url.pathname.replace(/^\/oauth-sync\/(?:real|copy|next)\//u, "/oauth-sync/") + url.search;
      await this.#forward(request, response, path, url.pathname.startsWith("/oauth/") ? "callback" : "app");
    }
  }

  #sendScript(response, text) {
    response.writeHead(200, { "content-type": types[".js"], "cache-control": "no-store" }).end(text);
  }

  async #sendFile(response, name, kind) {
    if (!/^[\w-]+\.\w+$/u.test(name)) {
      response.writeHead(404).end();
      return;
    }
    const body = await readFile(new URL(name, pages));
    const headers = { "content-type": types[extname(name)], "cache-control": "no-store" };
    if (!name.endsWith(".html")) response.writeHead(200, headers).end(body);
    // A page that may not be stored is not kept in the back/forward cache.
    else this.#sendPage(response, 200, { ...headers, "cache-control": "no-cache", "content-security-policy": policy }, body.toString(), kind);
  }

  /** Sends an HTML page with the first script put in. */
  #sendPage(response, status, headers, html, kind) {
    const all = { ...headers, ...this.headers[kind] };
    const nonce = /'nonce-([^']+)'/u.exec(all["content-security-policy"] ?? "")?.[1];
    const sources = [`/test/first.js?faults=${this.faults[kind].join(",")}`, ...this.scripts[kind]];
    const script = sources.map((source) => `<script src="${source}"${nonce ? ` nonce="${nonce}"` : ""}></script>`).join("");
    const body = Buffer.from(html.replace(/<head>|^(?!.*<head>)/su, (head) => `${head}${script}`));
    response.writeHead(status, { ...all, "content-length": body.length }).end(body);
  }

  #forward(request, response, path, kind) {
    const headers = { ...request.headers, "accept-encoding": "identity" };
    return new Promise((resolve, reject) => {
      const upstream = send(new URL(path, this.upstream), { method: request.method, headers }, async (answer) => {
        try {
          const isPage = answer.headers["content-type"]?.startsWith("text/html") ?? false;
          if (isPage && request.method !== "HEAD") {
            const { "content-length": _length, "transfer-encoding": _encoding, ...kept } = answer.headers;
            this.#sendPage(response, answer.statusCode, kept, await bodyOf(answer), kind);
          } else {
            response.writeHead(answer.statusCode, answer.headers);
            // An answer that ends halfway is cut for the browser too.
            pipeline(answer, response, () => {});
          }
          resolve();
        } catch (error) {
          reject(error);
        }
      });
      // A server that is down is what a proxy reports as a bad gateway.
      upstream.on("error", () => {
        if (!response.headersSent) response.writeHead(502);
        response.end();
        resolve();
      });
      request.pipe(upstream);
    });
  }
}

async function bodyOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
