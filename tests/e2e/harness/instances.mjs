import { createServer, request as send } from "node:http";
import { mkdir } from "node:fs/promises";
import { pipeline } from "node:stream";
import { newDatabase } from "./postgres.mjs";
import { CompanionServer } from "./server.mjs";

/**
 * Two companion servers on one PostgreSQL behind a plain round-robin, as one server to whoever uses it. The one that sends
 * the first person to the provider is killed right after: their callback, and all that follows, is the other's.
 */
export class Instances {
  #servers = [];
  #turn = 0;
  #hasKilled = false;
  #proxy = createServer((request, response) => this.#forward(request, response));
  url;

  static async start(options) {
    const instances = new Instances();
    const database = await newDatabase();
    for (const name of ["one", "two"]) {
      const directory = `${options.directory}/${name}`;
      await mkdir(directory);
      instances.#servers.push(await CompanionServer.start({ ...options, directory, database }));
    }
    await new Promise((resolve) => instances.#proxy.listen(0, "127.0.0.1", resolve));
    instances.url = `http://127.0.0.1:${instances.#proxy.address().port}`;
    return instances;
  }

  get output() {
    return this.#servers.map(({ output }) => output).join("\n— the other instance:\n");
  }

  async start() {
    await Promise.all(this.#servers.map((server) => server.start()));
  }

  async stop(signal) {
    await Promise.all(this.#servers.map((server) => server.stop(signal)));
  }

  async close() {
    await new Promise((resolve) => {
      this.#proxy.close(resolve);
      this.#proxy.closeAllConnections();
    });
    await this.stop("SIGKILL");
  }

  async #forward(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    // Who does not listen is passed over; what was sent once is not sent again.
    const first = (this.#turn += 1);
    for (let tries = 0; tries < this.#servers.length; tries += 1) {
      const server = this.#servers[(first + tries) % this.#servers.length];
      const outcome = await this.#ask(server, request, body, response);
      if (outcome !== "ECONNREFUSED") return;
    }
    response.writeHead(502).end();
  }

  /** Resolves once the answer has been passed on, or with the code of the error that left none. */
  #ask(server, request, body, response) {
    return new Promise((resolve) => {
      const upstream = send(new URL(request.url, server.url), { method: request.method, headers: request.headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        pipeline(answer, response, () => {
          if (!this.#hasKilled && request.url.startsWith("/oauth/start/") && answer.statusCode === 303) {
            this.#hasKilled = true;
            server.stop("SIGKILL");
          }
          resolve();
        });
      });
      // A client that went away takes its request along: so a server hears that nobody listens any more.
      response.on("close", () => upstream.destroy());
      upstream.on("error", (error) => {
        if (!response.headersSent && error.code !== "ECONNREFUSED") response.writeHead(502).end();
        resolve(error.code);
      });
      upstream.end(body);
    });
  }
}
