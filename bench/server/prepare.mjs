/** What both servers need: databases with flows in them, made by the server's own routes, and how to start each on each. */
import { spawn } from "node:child_process";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { root, run } from "../../scripts/command.mjs";
import { newDatabase } from "../../tests/e2e/harness/postgres.mjs";

const PEOPLE = 50;
const FLOWS_EACH = 20;
const directory = join(root, "target/bench-server");

/** Where each is. Without TLS, on both sides: they are on one machine, and it would be measured instead. */
const databases = {
  SQLite: (world) => join(world, "flows.db"),
  PostgreSQL: async () => `${await newDatabase()}?sslmode=disable`,
};

/** Node's drivers. SQLite is compiled here from the package's own source, against the headers that came with Node. */
export async function installDrivers(say) {
  await mkdir(directory, { recursive: true });
  const parts = ["better-sqlite3/build/Release", "pg/package.json"].map((part) => access(join(directory, "node_modules", part)));
  if (await Promise.all(parts).then(() => true, () => false)) return;
  say("compiling SQLite for Node (once), and installing pg");
  await writeFile(join(directory, "package.json"), '{ "private": true }');
  const env = { npm_config_nodedir: dirname(dirname(process.execPath)), npm_config_build_from_source: "true" };
  await run("npm", ["install", "--no-audit", "--no-fund", "better-sqlite3@12", "pg@8"], { cwd: directory, env });
}

/**
 * Builds the server, fills the databases, and gives what is compared: by name how to launch it, what to ask it, and the
 * name of its reference, which is Express on the same database.
 */
export async function prepare(say) {
  say("building the server, optimised");
  await run("cargo", ["build", "--quiet", "--release", "--package", "oauth-sync-server"]);
  const binary = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "release/oauth-sync-server");
  const world = join(directory, "world");
  await rm(world, { recursive: true, force: true });
  await mkdir(world);
  const config = join(world, "server.toml");
  await writeFile(config, CONFIGURATION);
  const servers = {};
  for (const [name, locate] of Object.entries(databases)) {
    say(`filling ${name}`);
    const database = await locate(world);
    const own = () => start(binary, ["serve", "--config", config, "--database", database], { OAUTH_SYNC_LOG: "error" });
    const express = () => start(process.execPath, [join(root, "bench/server/express.mjs"), database], { NODE_ENV: "production" });
    const questions = await fill(own);
    await compare([own, express], questions);
    const reference = `Express on ${name}`;
    servers[`oauth-sync-server on ${name}`] = { launch: own, questions, reference };
    servers[reference] = { launch: express, questions, reference };
  }
  return { servers, close: () => rm(world, { recursive: true, force: true }) };
}

const CONFIGURATION = `
origin = "http://localhost:4180"
listen = "127.0.0.1:0"
[identity]
header = "X-User"
proxies = ["127.0.0.1"]
[[encryption.keys]]
id = "bench"
key = "${Buffer.alloc(32, 7).toString("base64")}"
[rate_limits]
read = { user = 0, address = 0 }
change = { user = 0, address = 0 }
[providers.github]
client_id = "bench"
client_secret = "bench"
`;

/** Resolves when the server has said that it listens: `{ origin, child, readyAfter }`. */
export async function start(command, args, env) {
  const began = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env } });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}`)));
  });
  const readyAfter = performance.now() - began;
  const stop = () =>
    new Promise((resolve) => {
      child.removeAllListeners("exit");
      child.once("exit", resolve);
      child.kill("SIGTERM");
    });
  return { origin: line.slice(line.indexOf("http")), child, readyAfter, stop };
}

/** Half of the flows stay pending, half are cancelled: `{ user, flow }` of each. */
async function fill(launch) {
  const server = await launch();
  const questions = [];
  for (let person = 0; person < PEOPLE; person += 1) {
    const headers = { "x-user": `person-${person}`, origin: "http://localhost:4180", "content-type": "application/json" };
    for (let count = 0; count < FLOWS_EACH; count += 1) {
      const made = await fetch(`${server.origin}/oauth/flows`, { method: "POST", headers, body: '{"provider":"github"}' });
      const { flowId } = await made.json();
      if (count % 2) await fetch(`${server.origin}/oauth/flows/${flowId}/cancel`, { method: "POST", headers });
      questions.push({ user: headers["x-user"], flow: flowId });
    }
  }
  await server.stop();
  return questions;
}

/** A comparison of two servers that do not answer alike would be none. */
async function compare(launches, questions) {
  const answers = [];
  for (const launch of launches) {
    const server = await launch();
    const asked = [...questions.slice(0, 20), { user: "nobody", flow: questions[0].flow }, { user: "person-0", flow: "no-such-flow" }];
    const lines = [];
    for (const { user, flow } of asked) {
      const response = await fetch(`${server.origin}/oauth/status?flow=${flow}`, { headers: { "x-user": user } });
      lines.push([response.status, response.headers.get("etag"), response.headers.get("cache-control"), JSON.stringify(await response.json())].join(" "));
    }
    answers.push(lines.join("\n"));
    await server.stop();
  }
  if (answers[0] !== answers[1]) throw new Error(`the servers do not answer alike:\n${answers.join("\n\n")}`);
}
