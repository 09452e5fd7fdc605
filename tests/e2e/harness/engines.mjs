import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { Builder, Capabilities } from "selenium-webdriver";
import chrome from "selenium-webdriver/chrome.js";
import firefox from "selenium-webdriver/firefox.js";
import { freePort } from "./port.mjs";

const env = (name, usual) => process.env[name] ?? usual;

/**
 * How each engine is started: `start(options)` gives its driver, and `end`, which takes away what the driver leaves behind.
 * `popups` is `allowed`, or `blocked`: only what a click opens may open. `proxy` is `direct()`, or by what HTTP is asked.
 *
 * @type {Record<string, (options: { popups: "allowed" | "blocked", flags: string[], without: string[], proxy: object }) => Promise<{ driver: object, end: () => Promise<void> }>>}
 */
export const engines = { chromium: startChromium, firefox: startFirefox, webkit: startWebKit };

/** The engine that the tests are run on. */
export const engineName = env("ENGINE", "chromium");

const chromiumFlags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--window-size=1280,900",
];

async function startChromium({ popups, flags, without, proxy }) {
  const profile = await mkdtemp(`${tmpdir()}/oauth-sync-chromium-`);
  const options = new chrome.Options();
  options.setChromeBinaryPath(env("CHROMIUM", "/usr/bin/chromium"));
  options.addArguments(...chromiumFlags, ...flags, `--user-data-dir=${profile}`);
  options.excludeSwitches(...without, ...(popups === "blocked" ? ["disable-popup-blocking"] : []));
  options.windowTypes("tab", "webview", "page");
  const driver = await new Builder()
    .forBrowser("chrome")
    .setProxy(proxy)
    .setChromeOptions(options)
    .setChromeService(new chrome.ServiceBuilder(env("CHROMEDRIVER", "/usr/bin/chromedriver")))
    .build();
  return { driver, end: () => rm(profile, { recursive: true, force: true, maxRetries: 5 }) };
}

async function startFirefox({ popups, proxy }) {
  const options = new firefox.Options();
  options.setBinary(env("FIREFOX", "/usr/bin/firefox-esr"));
  options.addArguments("-headless");
  // The driver's own profile lets every window open.
  options.setPreference("dom.disable_open_during_load", popups === "blocked");
  const driver = await new Builder()
    .forBrowser("firefox")
    .setProxy(proxy)
    .setFirefoxOptions(options)
    .setFirefoxService(new firefox.ServiceBuilder(env("GECKODRIVER", fileURLToPath(new URL("../../../target/tools/bin/geckodriver", import.meta.url)))))
    .build();
  return { driver, end: async () => {} };
}

/** WebKitGTK's small browser has no headless mode, so it gets a screen of its own. */
async function startWebKit({ proxy }) {
  const ending = [];
  const end = async () => {
    for (const child of ending.reverse()) await stopped(child);
  };
  try {
    const screen = spawn(env("XVFB", "Xvfb"), ["-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
    ending.push(screen);
    const display = await firstLine(screen, screen.stdio[3]);
    const port = await freePort();
    const service = spawn(env("WEBKITDRIVER", "/usr/bin/WebKitWebDriver"), [`--port=${port}`, "--host=127.0.0.1"], {
      stdio: "ignore",
      env: { ...process.env, DISPLAY: `:${display}` },
    });
    ending.push(service);
    const address = `http://127.0.0.1:${port}`;
    await answers(service, `${address}/status`);
    const capabilities = new Capabilities({
      browserName: "MiniBrowser",
      "webkitgtk:browserOptions": { binary: env("MINIBROWSER", "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"), args: ["--automation"] },
    });
    const driver = await new Builder().disableEnvironmentOverrides().usingServer(address).withCapabilities(capabilities).setProxy(proxy).build();
    return { driver, end };
  } catch (error) {
    await end();
    throw error;
  }
}

function stopped(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill();
  });
}

function firstLine(child, stream) {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.trim());
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${child.spawnfile} ended with ${code}`)));
  });
}

async function answers(child, url) {
  const failed = new Promise((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${child.spawnfile} ended with ${code}`)));
  });
  failed.catch(() => {});
  for (;;) {
    const isUp = await Promise.race([fetch(url).then((response) => response.ok, () => false), failed]);
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
