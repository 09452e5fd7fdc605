/** Runs commands for the other scripts. */
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the project. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Rejects when the command fails; what it prints is then in the message. */
export async function run(command, args, options = {}) {
  const { code, output } = await attempt(command, args, options);
  if (code !== 0) throw new Error(`${[command, ...args].join(" ")}: exit code ${code}\n${output}`);
  return output;
}

/** Resolves with the exit code and everything that was printed. With `isLoud`, it is printed as it comes as well. */
export function attempt(command, args, { isLoud = false, env = {}, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const parts = [];
    const take = (stream) => (part) => {
      parts.push(part);
      if (isLoud) stream.write(part);
    };
    child.stdout.on("data", take(process.stdout));
    child.stderr.on("data", take(process.stderr));
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code, signal) => resolve({ code: code ?? signal, output: Buffer.concat(parts).toString() }));
  });
}

/** The command of an installed npm package. */
export const bin = (name) => `${root}/node_modules/.bin/${name}`;
