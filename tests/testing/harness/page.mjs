// The real module in the page of `oauth-sync/testing`, with what lies outside of it in the test's hands: channels, storage,
// the server's answers.
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sandbox } from "../../../dist/testing/sandbox.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const outdir = `${root}/target/test/page-${process.pid}`;
const parts = ["clock", "realm"];
await build({ absWorkingDir: root, entryPoints: parts.map((name) => `js/testing/${name}.ts`), format: "esm", platform: "node", outdir, outExtension: { ".js": ".mjs" }, bundle: true, logLevel: "error" });
const [{ Clock, rest }, { makeRealm }] = await Promise.all(parts.map((name) => import(pathToFileURL(`${outdir}/${name}.mjs`).href)));
const wasm = await WebAssembly.compile(await readFile(`${root}/dist/oauth_sync_bg.wasm`));

export const origin = "https://app.example";
/** The tag of the scope that is empty. */
export const scope = "cbf29ce484222325";

/**
 * A page that is about to load, so that storage can be filled first. Its wall clock begins at `now`; `answer` is what the
 * server says, and undefined never.
 */
export function newPage({ now = 100, answer = () => undefined } = {}) {
  const clock = new Clock(now);
  const asked = [];
  const onFetch = (url) => {
    asked.push(url);
    const reply = answer(url);
    return reply === undefined ? new Promise(() => {}) : Promise.resolve(reply);
  };
  const realm = makeRealm(`${origin}/settings`, clock, { onFetch, isBlocking: () => false, onOpen() {}, onNavigate() {}, onDepart() {} });
  // What the app's own functions throw is told to the page, as a browser does; it ends nothing.
  const reported = [];
  realm.queueMicrotask = (run) => queueMicrotask(() => {
    try {
      run();
    } catch (error) {
      reported.push(error);
    }
  });
  const heard = [];
  const listen = (name) => new realm.BroadcastChannel(name).addEventListener("message", ({ data }) => heard.push(data));
  return {
    realm,
    asked,
    reported,
    /** What the page has said on any of its channels. */
    heard,
    storage: { local: realm.localStorage, session: realm.sessionStorage },
    wasm,
    /** The package, in this page. */
    front: () => sandbox(realm),
    async load(options = {}) {
      for (const name of ["oauth-status", `oauth-status~${scope}`]) listen(name);
      const sync = await sandbox(realm).OAuthSync.open({ startUrl: "/oauth/start/{provider}", ...options, wasm });
      await clock.advance(0);
      return sync;
    },
    advance: (ms) => clock.advance(ms),
    postMessage: (data) => realm.tell("message", { type: "message", data, origin, source: null }),
    async broadcast(name, data) {
      const channel = new realm.BroadcastChannel(name);
      channel.postMessage(data);
      await rest();
      channel.close();
    },
    /** Another window of the origin writes. */
    write(key, value) {
      const json = JSON.stringify(value);
      realm.localStorage.setItem(key, json);
      realm.tell("storage", { type: "storage", key, newValue: json, oldValue: null, storageArea: realm.localStorage });
    },
  };
}
