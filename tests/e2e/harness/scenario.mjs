import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser } from "./browser.mjs";
import { leaks } from "./secrets.mjs";
import { placeOf } from "./suite.mjs";
import { World } from "./world.mjs";

/**
 * Registers the tests of one file, which share a browser. Each gets a world of its own: `{ world, browser, open }`.
 *
 * @param {object} [browserOptions] as for `Browser.start`
 */
export function scenarios(browserOptions) {
  let browser;
  before(async () => {
    browser = await Browser.start(browserOptions);
  });
  after(() => browser?.quit());

  /** @param {{ mayReportErrors?: boolean, timeout?: number }} [options] `mayReportErrors`: the fault is one that a page reports as an error */
  return function scenario(name, run, { mayReportErrors = false, timeout = 90_000 } = {}) {
    const place = placeOf(name);
    if (place === null) return;
    test(name, { timeout, ...place }, async (context) => {
      const world = await World.open();
      const tabs = [];
      try {
        await run({ world, browser, open: opener(world, browser, tabs) }, context);
        await closeEach(tabs);
        onceEach(world.log);
        assert.deepEqual(await leaks({ world, browser }), [], "a secret got out");
        if (!mayReportErrors) assert.deepEqual(world.log.find({ kind: "error" }), [], "a page reported an error");
      } catch (error) {
        error.message += `\nwhat the pages reported:\n${world.log}\nwhat the server printed:\n${world.server?.output}`;
        throw error;
      } finally {
        // A server that is left behind would keep the process from its end, and the run with it.
        await browser.clear([world.origin, world.foreignOrigin]).finally(() => world.close());
      }
    });
  };
}

/** Opens the tests' own app page, or another, in a tab named for the log; `tabs` has all of them. */
function opener(world, browser, tabs) {
  let count = 0;
  return async ({ path = "/test/app.html", options, query = {}, name = `tab${(count += 1)}`, ready = /^\/(?:test\/app|onboarding|connections|$)/u.test(path) } = {}) => {
    const url = new URL(path, world.origin);
    if (options !== undefined) url.searchParams.set("options", JSON.stringify(options));
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    const tab = await browser.openTab(url, { name, world });
    tabs.push(tab);
    if (ready) await tab.ready();
    return tab;
  };
}

/**
 * `close()` works in every tab, whatever was done to it, and gives the wasm object free: that throws for ever where a call into it has
 * trapped, of which the page is told as of any error. What a page still has to tell is waited for. Popups are left alone: they close by
 * themselves, which may be while a script is in one.
 */
async function closeEach(tabs) {
  for (const tab of tabs) {
    // A tab that has crashed, was closed or belongs to somebody else has nothing to close.
    const errors = await tab.run(async () => {
      const told = [];
      const hear = ({ message }) => told.push(message);
      addEventListener("error", hear);
      try {
        window.sync?.close?.();
        window.sync?.close?.();
      } catch (error) {
        told.push(String(error));
      }
      removeEventListener("error", hear);
      await window.arrived?.();
      return told;
    }).catch(() => []);
    assert.deepEqual(errors, [], "close() failed");
  }
}

const onceTypes = ["started", "confirming", "slow", "overdue", "completed", "failed", "cancelled", "expired", "confirmed"];

/** The contract's promise, checked after every test: each of these at most once per flow in a tab, reloads included. */
function onceEach(log) {
  const seen = new Set();
  for (const { tab, type, flow } of log.find({ kind: "event" })) {
    if (!onceTypes.includes(type)) continue;
    const key = `${tab} heard ${type} of ${flow.id}`;
    assert.ok(!seen.has(key), `${key} twice`);
    seen.add(key);
  }
}

/** Every one of `tabs` hears exactly one `completed` of the flow, and nothing that is still on its way adds another. */
export async function allHearOneCompleted(tabs, id, timeout) {
  await Promise.all(tabs.map((tab) => tab.hears({ type: "completed", "flow.id": id }, timeout)));
  for (const tab of tabs) await tab.quiet();
  for (const tab of tabs) {
    assert.equal(tab.events({ type: "completed", "flow.id": id }).length, 1, `${tab.name} hears one completed`);
    assert.equal((await tab.flow(id))?.status, "completed", `${tab.name} shows it completed`);
  }
}
