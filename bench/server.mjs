import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { root } from "../scripts/command.mjs";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".wasm": "application/wasm" };

/** What every answer carries: nothing is cached, so each import is a cold one; isolated pages have clocks of 5 µs, others of 100. */
const headers = { "cache-control": "no-store", "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/**
 * The origin that is measured on: the built package as it was when this started, the pages beside this file, and a
 * status endpoint that answers from memory and counts.
 */
export class BenchServer {
  /** `{ flow, tab, at }` of each status request; `tab` is the name that the asking page was opened under. */
  asked = [];
  #settled = new Set();
  #files = new Map();
  #reports = [];
  #waiting = [];
  #server = createServer((request, response) => this.#serve(request, response).catch((error) => response.destroy(error)));

  static async open() {
    const server = new BenchServer();
    await server.#read(join(root, "dist"), "/oauth-sync/");
    await server.#read(join(root, "bench/pages"), "/");
    await new Promise((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    server.origin = `http://localhost:${server.#server.address().port}`;
    return server;
  }

  close() {
    return new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** Resolves with the next thing that a page reports; rejects where that is an error, or nothing comes. */
  report(timeout) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no page has reported for ${timeout} ms`)), timeout);
      this.#waiting.push(({ error, ...rest }) => {
        clearTimeout(timer);
        if (error) reject(new Error(`a page reported: ${error}`));
        else resolve(rest);
      });
      this.#deliver();
    });
  }

  async #read(directory, prefix) {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isFile()) this.#files.set(prefix + entry.name, await readFile(join(directory, entry.name)));
    }
  }

  async #serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.origin);
    const flow = searchParams.get("flow");
    if (pathname === "/status") {
      const tab = new URL(request.headers.referer ?? this.origin).searchParams.get("tab");
      this.asked.push({ flow, tab, at: performance.now() });
      const reply = this.#settled.has(flow) ? { status: "completed", integrationId: "int_1" } : { status: "pending" };
      response.writeHead(200, { ...headers, "content-type": "application/json" }).end(JSON.stringify(reply));
    } else if (pathname === "/settle") {
      this.#settled.add(flow);
      response.writeHead(204, headers).end();
    } else if (pathname === "/report") {
      const parts = [];
      for await (const part of request) parts.push(part);
      this.#reports.push(JSON.parse(Buffer.concat(parts).toString()));
      response.writeHead(204, headers).end();
      this.#deliver();
    } else if (pathname === "/never") {
      // A module that is still on its way: the connection ends with the page.
    } else {
      const body = this.#files.get(pathname);
      const type = { "content-type": types[extname(pathname)] };
      response.writeHead(body ? 200 : 404, { ...headers, ...(body && type) }).end(body);
    }
  }

  #deliver() {
    while (this.#reports.length && this.#waiting.length) this.#waiting.shift()(this.#reports.shift());
  }
}
