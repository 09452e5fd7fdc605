/** A callback page at work: an app that waits, and a server of any kind that answers at `/oauth/callback/…`. */
import { spawn } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { root } from "../package/harness/packed.mjs";
import { serveSite } from "../package/harness/site.mjs";

export const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Starts a server that prints the port that it listens on. */
export async function startServer(command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stderr.on("data", (chunk) => (output += chunk));
  const port = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`it ended with ${code}:\n${output}`)));
    createInterface({ input: child.stdout }).on("line", (line) => /listening on (\d+)/.test(line) && resolve(Number(/listening on (\d+)/.exec(line)[1])));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => {
      child.removeAllListeners("exit").once("exit", resolve);
      child.kill();
    }),
  };
}

/** The app with the files of the package that it serves. What is below `/oauth/callback/` is for `server`, where there is one. */
export async function serveApp(server, options = {}) {
  const directory = join(root, "target/test/callbacks");
  await mkdir(directory, { recursive: true });
  await cp(file("app"), directory, { recursive: true });
  for (const name of ["inline.js", "callback.global.js", "callback.html"]) await cp(join(root, "dist", name), join(directory, name));
  return serveSite(directory, {
    answer: (request, response) => {
      if (!server || !request.url.startsWith("/oauth/callback/")) return false;
      request.pipe(httpRequest(`${server.url}${request.url}`, (answer) => answer.pipe(response.writeHead(answer.statusCode, answer.headers))));
      return true;
    },
    ...options,
  });
}

/** As a provider sends people back. */
export function providerAnswer(provider, flow) {
  return `/oauth/callback/${provider}?state=${flow}&${provider === "denied" ? "error=access_denied" : "code=good"}`;
}

/** A person clicks, signs in or not, and comes back; the window closes, and the app hears what the server says. Resolves with what the app has heard. */
export async function comesBack(browser, site, provider) {
  await browser.clear();
  const tab = await browser.openTab(`${site.origin}/`);
  // Of flows before this one.
  await tab.run(() => localStorage.clear());
  await tab.reload();
  await tab.run(() => window.sync.ready.then(() => {}));
  await tab.click(`#${provider}`);
  const said = () => tab.run(() => window.said.join(" "));
  await browser.until(async () => /completed|cancelled/u.test(await said()), "the end of the flow");
  await browser.until(async () => (await browser.handles()).length === 2, "the window to close itself");
  return said();
}
