import { execFile, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "./port.mjs";

const root = new URL("../../../", import.meta.url);
const binary = process.env.OAUTH_SYNC_SERVER ?? resolve(fileURLToPath(root), process.env.CARGO_TARGET_DIR ?? "target", "debug/oauth-sync-server");

/** A demo on PostgreSQL has no file beside which it could keep a key of its own. */
const key = '\n[[encryption.keys]]\nid = "e2e"\nkey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="\n';

/**
 * The real companion server in a process of its own, on `database` (a file in `directory`, unless it is an address), for
 * an app at `origin` and the provider at `issuer`. It can be stopped, or killed, and started again on the same database.
 */
export class CompanionServer {
  #process;
  #output = "";
  #args;
  #config;
  #database;
  /** Where it listens, the same after each start. */
  url;

  static async start({ directory, origin, issuer, database }) {
    const config = `${directory}/server.toml`;
    const demo = await readFile(new URL("server/demo.toml", root), "utf8");
    const text = demo.replaceAll("http://127.0.0.1:4181", issuer).replaceAll("http://localhost:4180", origin);
    await writeFile(config, database === undefined ? text : text + key);
    const server = new CompanionServer();
    server.#config = config;
    server.#database = `${directory}/flows.db`;
    const port = await freePort();
    server.url = `http://127.0.0.1:${port}`;
    server.#args = [
      "serve", "--demo", "--config", config, "--listen", `127.0.0.1:${port}`, "--origin", origin,
      "--database", database ?? `${directory}/flows.db`, "--www", fileURLToPath(new URL("www", root)), "--package", fileURLToPath(new URL("dist", root)),
    ];
    await server.start();
    return server;
  }

  /** Runs an operator's command against the same database; resolves with what it answers. */
  async command(...args) {
    const { stdout } = await promisify(execFile)(binary, [...args, "--demo", "--config", this.#config, "--database", this.#database, "--json"]);
    return JSON.parse(stdout);
  }

  /** What it has printed, for the report of a test that failed and for tests that look for what must not be there. */
  get output() {
    return this.#output;
  }

  async start() {
    const child = spawn(binary, this.#args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    child.stderr.on("data", (chunk) => {
      this.#output += chunk;
    });
    await new Promise((ready, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the companion server ended with ${code}:\n${this.#output}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.#output += `${line}\n`;
        // The line names the address for people, which is the app's origin.
        if (line.includes("listening on ")) ready();
      });
    });
  }

  /** Ends it for good. */
  close() {
    return this.stop("SIGKILL");
  }

  /** Ends it, with SIGKILL if it is to have no chance to tidy up. */
  stop(signal = "SIGTERM") {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((ended) => {
      child.once("exit", ended);
      child.kill(signal);
    });
  }
}
