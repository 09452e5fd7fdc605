/** `npm run wasm -- [engine …]`: every adapter in a headless browser, on Chromium, Firefox and WebKit. `npm test` has Chromium. */
import { attempt } from "./command.mjs";
import { engineNames, installEngine, installWasmTarget } from "./install.mjs";

const say = (step) => console.log(`${step} …`);
const test = ["cargo", "test", "--package", "oauth-sync", "--target", "wasm32-unknown-unknown", "--test", "browser"];

/** The test runner takes the engine whose driver is named, and knows WebKit's as Safari's. WebKitGTK needs a screen. */
const COMMANDS = {
  chromium: ({ CHROMEDRIVER }) => ({ env: { CHROMEDRIVER }, command: test }),
  firefox: ({ GECKODRIVER }) => ({ env: { GECKODRIVER }, command: test }),
  webkit: ({ WEBKITDRIVER }) => ({ env: { SAFARIDRIVER: WEBKITDRIVER }, command: ["xvfb-run", "-a", ...test] }),
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !engineNames.includes(name));
if (unknown !== undefined) {
  console.error(`no engine is called ${unknown}; there are ${engineNames.join(", ")}`);
  process.exit(2);
}
await installWasmTarget(say);
for (const engine of chosen.length ? chosen : engineNames) {
  const { env, command: [program, ...args] } = COMMANDS[engine](await installEngine(engine, say));
  const { code } = await attempt(program, args, { env, isLoud: true });
  console.log(`${code === 0 ? "ok    " : "FAILED"}  ${engine}`);
  if (code !== 0) process.exitCode = 1;
}
