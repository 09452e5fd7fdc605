/** `npm start`: the demo, with everything behind it, at one address. */
import { spawn } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { attempt, root, run } from "./command.mjs";
import { installPackages, installWasmTarget } from "./install.mjs";

const APP = { name: "the demo", host: "localhost", port: 4180 };
const PROVIDER = { name: "the local authorization server", host: "127.0.0.1", port: 4181 };
const demo = join(root, "target/demo");
const say = (step) => console.log(`${step} …`);
const children = [];
let isStopping = false;

async function main() {
  for (const { name, host, port } of [APP, PROVIDER]) {
    if (!(await isFree(host, port))) throw new Error(`port ${port} is in use, and ${name} needs it: stop what listens there and try again`);
  }
  await installWasmTarget(say);
  await installPackages(say);
  const { build } = await import("./build.mjs");
  await build((step) => say(`building the ${step}`));
  say("building the server");
  await run("cargo", ["build", "--quiet", "--package", "oauth-sync-server"]);

  await mkdir(demo, { recursive: true });
  await launch("provider", process.execPath, ["tests/provider/main.mjs", "--port", `${PROVIDER.port}`]);
  const binary = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/oauth-sync-server");
  await launch("server", binary, ["serve", "--demo", "--database", join(demo, "flows.db")]);
  console.log(`\n  http://${APP.host}:${APP.port}\n\nCtrl-C stops it. Logs are in target/demo.`);
}

/** Starts a process and resolves with its first line, which says that it is ready. */
async function launch(name, command, args) {
  const log = await open(join(demo, `${name}.log`), "w");
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", log.fd] });
  children.push(child);
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", async (code) => {
      await log.close();
      if (isStopping) return;
      const { output } = await attempt("tail", ["-n", "20", join(demo, `${name}.log`)]);
      reject(new Error(`the ${name} ended with ${code}:\n${output}`));
      // Once both run there is nobody to reject to.
      console.error(`the ${name} ended with ${code}:\n${output}`);
      await stop(1);
    });
  });
}

async function stop(code) {
  if (isStopping) return;
  isStopping = true;
  await Promise.all(
    children.map((child) => {
      if (child.exitCode !== null || child.signalCode !== null) return undefined;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      return ended;
    }),
  );
  process.exit(code);
}

function isFree(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(0));
main().catch(async (error) => {
  if (!isStopping) console.error(error.message);
  await stop(1);
});
