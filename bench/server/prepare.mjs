/** What both servers need: a database with flows in it, made by the server's own routes, and how to start each. */
import { spawn } from "node:child_process";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { root, run } from "../../scripts/command.mjs";

export const REFERENCE = "Express";
const PEOPLE = 50;
const FLOWS_EACH = 20;
const directory = join(root, "target/bench-server");

/** SQLite for Node 20: compiled here from the package's own source, against the headers that came with Node. */
export async function installSqlite(say) {
  await mkdir(directory, { recursive: true });
  if (await access(join(directory, "node_modules/better-sqlite3/build/Release")).then(() => true, () => false)) return;
  say("compiling SQLite for Node (once)");
  await writeFile(join(directory, "package.json"), '{ "private": true }');
  const env = { npm_config_nodedir: dirname(dirname(process.execPath)), npm_config_build_from_source: "true" };
  await run("npm", ["install", "--no-audit", "--no-fund", "better-sqlite3@12"], { cwd: directory, env });
}

/** Builds the server, fills a database, and gives the two servers with what to ask them. */
export async function prepare(say) {
  say("building the server, optimised");
  await run("cargo", ["build", "--quiet", "--release", "--package", "oauth-sync-server"]);
  const world = join(directory, "world");
  await rm(world, { recursive: true, force: true });
  await mkdir(world);
  const file = join(world, "flows.db");
  const config = join(world, "server.toml");
  await writeFile(config, configuration(file));
  const binary = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "release/oauth-sync-server");
  const servers = {
    "oauth-sync-server": () => start(binary, ["serve", "--config", config], { OAUTH_SYNC_LOG: "error" }),
    [REFERENCE]: () => start(process.execPath, [join(root, "bench/server/express.mjs"), file], { NODE_ENV: "production" }),
  };
  say("filling the database");
  const questions = await fill(servers["oauth-sync-server"]);
  await compare(servers, questions);
  return { database: "SQLite", servers, questions, close: () => rm(world, { recursive: true, force: true }) };
}

function configuration(file) {
  return `
origin = "http://localhost:4180"
listen = "127.0.0.1:0"
database = ${JSON.stringify(file)}
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
}

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
async function compare(servers, questions) {
  const answers = [];
  for (const launch of Object.values(servers)) {
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
