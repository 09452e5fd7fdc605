/**
 * `npm run api-fuzz [-- option …]`: schemathesis reads the served OpenAPI document and asks the demo server everything that
 * it allows and much that it does not, signed in and with a fixed seed. Options go to schemathesis (`-n 500`, `--seed 7`).
 *
 * Needs Python 3 with venv; the rest goes to `target/api-fuzz`. Not part of `npm test`: it comes from another registry.
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { attempt, root, run } from "./command.mjs";
import { installPython } from "./install.mjs";

const directory = join(root, "target/api-fuzz");
const say = (step) => console.error(`${step} …`);

async function main() {
  await mkdir(directory, { recursive: true });
  const python = await installPython(join(directory, "venv"), { schemathesis: "4.32.5" }, say);
  say("building the server");
  await run("cargo", ["build", "--quiet", "--package", "oauth-sync-server"]);
  const server = await startServer();
  try {
    const session = await signIn(server.origin);
    // Of what is made up, most does not exist: so once more about a flow that does.
    for (const known of [{}, { provider: "github", ...(await makeFlow(server.origin, session)) }]) {
      await writeFile(join(directory, "schemathesis.toml"), settings(known));
      const { code } = await attempt(join(python, "schemathesis"), options(server.origin, session), { isLoud: true, cwd: directory });
      if (code !== 0) return code;
    }
    return 0;
  } finally {
    server.child.kill("SIGTERM");
  }
}

/** The demo, with every answer but 429: those have tests of their own, and would hide the rest here. */
async function startServer() {
  for (const file of ["flows.db", "flows.db-wal", "flows.db-shm"]) await rm(join(directory, file), { force: true });
  const off = ["read", "change", "callback"].map((name) => `${name} = { user = 0, address = 0 }`);
  const demo = await readFile(join(root, "server/demo.toml"), "utf8");
  await writeFile(join(directory, "server.toml"), `${demo}\n[rate_limits]\n${off.join("\n")}\n`);
  const binary = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/oauth-sync-server");
  const args = ["serve", "--demo", "--config", "server.toml", "--listen", "127.0.0.1:0", "--database", "flows.db", "--www", join(root, "www")];
  const child = spawn(binary, args, { cwd: directory, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, OAUTH_SYNC_LOG: "error" } });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, origin: new URL(line.slice(line.indexOf("http"))).origin };
}

/** The demo's cookie: without it each request would be another person's. */
async function signIn(origin) {
  const response = await fetch(`${origin}/healthz`, { headers: { "sec-fetch-dest": "document" } });
  return response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
}

async function makeFlow(origin, session) {
  const headers = { cookie: session, origin, "content-type": "application/json" };
  const response = await fetch(`${origin}/oauth/flows`, { method: "POST", headers, body: JSON.stringify({ provider: "github" }) });
  const { flowId } = await response.json();
  return { id: flowId, flow: flowId };
}

/** Values for parameters, and what no schema can say: `return` has to lead to a page of the app, and `iss` has to be the provider's. */
function settings(parameters) {
  return `
[parameters]
${Object.entries(parameters).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join("\n")}

${["/oauth/flows", "/oauth/start/{provider}", "/oauth/callback/{provider}"].map(lenient).join("")}`;
}

const lenient = (path) => `
[[operations]]
include-path = "${path}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409]
`;

function options(origin, session) {
  // It follows no redirect, since they lead to the provider, and asks for no event stream, since that does not end.
  return [
    ...["--config-file", "schemathesis.toml", "run", `${origin}/oauth/openapi.json`, "--seed", "1", "--max-redirects", "0", "--no-color", "--generation-database", "none", "--exclude-path", "/oauth/events"],
    ...["--header", `Cookie: ${session}`, "--header", `Origin: ${origin}`],
    ...process.argv.slice(2),
  ];
}

process.exitCode = await main();
