import { leaks } from "../e2e/harness/secrets.mjs";
import { World } from "../e2e/harness/world.mjs";
import { SLOW_MS, expectation } from "./oracle.mjs";

/** Long past every promise: what has not come by then is lost. */
const LOST_AFTER_MS = 20_000;

const storageFaults = { ok: [], refused: ["storage-throws"], full: ["storage-full"], null: ["storage-null"] };
const lockFaults = { ok: [], missing: ["no-locks"], refusing: ["locks-refuse"], silent: ["locks-silent"] };

/**
 * Runs one row in a browser: starts a flow, brings the waiting page into its state, lets the person through, brings the page
 * back, and compares what each tab heard with what the row promises.
 *
 * @param {{ sabotage?: (world: World) => void, lostAfter?: number }} [options] `sabotage` puts a fault in that the comparison has to find;
 *   what has not come within `lostAfter` ms is lost
 * @returns {Promise<{ lost: string[], repeated: string[], late: string[], wrong: string[] }>} what was found, in words
 */
export async function runCase(browser, row, { sabotage, lostAfter = LOST_AFTER_MS } = {}) {
  const world = await World.open();
  try {
    const run = new Case(browser, world, row, lostAfter);
    await run.prepare();
    sabotage?.(world);
    await run.connect();
    return await run.judge();
  } catch (error) {
    error.message += `\n${JSON.stringify(row)}\n${world.log}\n${world.server?.output}`;
    throw error;
  } finally {
    world.front.release();
    await browser.clear([world.origin, world.foreignOrigin]);
    await world.close();
  }
}

class Case {
  constructor(browser, world, row, lostAfter) {
    Object.assign(this, { browser, world, row, lostAfter, expected: expectation(row) });
    this.flowId = "matrix-flow-1";
    /** When each tab could first hear of the end, in ms since the epoch. */
    this.since = {};
  }

  async prepare() {
    const { row, world, browser } = this;
    const everywhere = [...storageFaults[row.storage], ...(row.channel === "off" ? ["no-broadcast-channel"] : [])];
    world.front.faults = {
      app: [...everywhere, ...lockFaults[row.locks], ...(row.storageEvents === "off" ? ["no-storage-events"] : [])],
      callback: [...everywhere, ...(row.opener === "off" ? ["no-opener"] : [])],
    };
    for (const [kind, value] of [["app", row.coopApp], ["callback", row.coopCallback]]) {
      if (value !== "none") world.front.headers[kind]["cross-origin-opener-policy"] = value;
    }
    if (row.coopProvider !== "none") world.provider.control.set({ coop: row.coopProvider });
    if (row.status === "slow") world.front.status.delay = SLOW_MS;
    if (row.status === "failing") world.front.status.fault = "500";
    world.holdProvider();

    // The page that waits is opened last: it is the one that is seen.
    const [first, second] = this.expected.subject === "starter" ? ["other", "starter"] : ["starter", "other"];
    for (const name of [first, second]) await this.#open(name);
    this.windows = (await browser.handles()).length;
  }

  async #open(name) {
    const { world, row } = this;
    const url = new URL("/test/app.html", world.origin);
    const options = { tiers: this.expected.tiers, ...(row.status === "absent" ? { statusUrl: null, cancelUrl: null } : {}) };
    url.searchParams.set("options", JSON.stringify(options));
    this[name] = await this.browser.openTab(url, { name, world });
    await this[name].ready();
  }

  /** From the click to the callback page, with the waiting page away for the notice if the row says so. */
  async connect() {
    const { row, world, browser, starter, flowId } = this;
    const subject = this[this.expected.subject];
    if (row.target === "redirect") {
      // Later, so that the driver has left the window: it would wait for the page that is held back.
      await starter.run((id) => {
        setTimeout(() => window.sync.start("github", { target: "redirect", flowId: id }), 100);
      }, flowId);
      await browser.focusHome();
    } else {
      await browser.windowFrom(() => starter.start("github", { target: row.target, flowId }));
    }
    await world.reachesProvider(browser);
    if (row.channel === "on" || (row.storage === "ok" && row.storageEvents === "on")) {
      await this.other.hears({ type: "started", "flow.id": flowId });
    }
    await this.#leave(subject);

    world.releaseProvider();
    const callback = await browser.until(async () => world.front.requests.find(({ path, answeredAt }) => path === "/oauth/callback/github" && answeredAt), "the callback page");
    if (row.target === "redirect") {
      await world.log.until(() => world.log.find({ tab: "starter", kind: "ready" }).length === 2, "the app's page again");
    } else {
      await browser.until(async () => (await browser.handles()).length <= this.windows - (row.page === "reopened" ? 1 : 0), "the window to close itself");
    }
    this.noticeAt = callback.answeredAt;
    this.since = { starter: this.noticeAt, other: this.noticeAt };
    if (row.target === "redirect") this.since.starter = Date.now();

    await this.#comeBack(subject);
  }

  async #leave(subject) {
    const { row, world, browser } = this;
    if (row.page === "hidden") {
      await this.#cover(subject);
    } else if (row.page === "frozen") {
      await subject.run(() => {});
      await browser.driver.sendDevToolsCommand("Page.setWebLifecycleState", { state: "frozen" });
    } else if (row.page === "cached") {
      await subject.run(() => {
        setTimeout(() => location.assign("/test/away.html"));
      });
      await browser.until(() => subject.run(() => location.pathname === "/test/away.html" && document.readyState === "complete"), "the other page");
    } else if (row.page === "reloading") {
      world.front.held.add(`tab ${subject.name}`);
      const { length } = world.front.requests;
      await subject.run(() => {
        setTimeout(() => location.reload(), 100);
      });
      await browser.focusHome();
      await browser.until(async () => world.front.requests.slice(length).some(({ query }) => query.get("tab") === subject.name), "the reload");
    } else if (row.page === "reopened") {
      await subject.close();
    }
  }

  /** Puts another tab of the same window over the page. */
  async #cover(subject) {
    const { browser, world } = this;
    await subject.run(() => {});
    await browser.driver.switchTo().newWindow("tab");
    this.windows += 1;
    await world.log.until(() => world.log.find({ tab: subject.name, kind: "visibility" }).at(-1)?.state === "hidden", "the page to be hidden");
  }

  async #comeBack(subject) {
    const { row, world, browser } = this;
    if (row.page === "awake" || row.page === "hidden") return;
    const before = world.log.find({ tab: subject.name, kind: "ready" }).length;
    if (row.page === "frozen") {
      await browser.driver.sendDevToolsCommand("Page.setWebLifecycleState", { state: "active" });
    } else if (row.page === "cached") {
      await subject.run(() => {
        setTimeout(() => history.back());
      });
      await world.log.until(() => world.log.find({ tab: subject.name, kind: "restored" }).length > 0 || world.log.find({ tab: subject.name, kind: "ready" }).length > before, "the page to be back");
    } else if (row.page === "reloading") {
      world.front.release();
      await world.log.until(() => world.log.find({ tab: subject.name, kind: "ready" }).length > before, "the page to be back");
    } else {
      await this.#open(this.expected.subject);
    }
    this.since[this.expected.subject] = Date.now();
  }

  async judge() {
    const { row, world, expected, flowId } = this;
    const found = { lost: [], repeated: [], late: [], wrong: [] };
    const tabs = ["starter", "other"];
    const heard = (name) => world.log.find({ tab: name, kind: "event", type: "completed", "flow.id": flowId });

    if (row.status === "failing") {
      // Nobody may believe in a success that no server has confirmed.
      const { asked } = world.front.status;
      const before = asked.length;
      await this.browser.until(async () => asked.length >= before + 3, "three checks that fail");
      for (const name of tabs) if (heard(name).length > 0) found.wrong.push(`${name} made up a success`);
      world.front.status.mend();
      this.since = { starter: Date.now(), other: Date.now() };
    }
    const must = tabs.filter((name) => expected.tabs[name].must);
    for (const name of must) {
      await world.log.until(() => heard(name).length > 0, `${name} to hear`, this.lostAfter).catch(() => found.lost.push(`${name} heard nothing`));
    }
    for (const name of tabs) await this[name].quiet();
    for (const name of tabs) {
      const [first, ...more] = heard(name);
      if (more.length > 0) found.repeated.push(`${name} heard ${more.length + 1} times`);
      if (first && expected.tabs[name].never) found.wrong.push(`${name} made up a success`);
      for (const { type } of world.log.find({ tab: name, kind: "event", "flow.id": flowId })) {
        if (["failed", "cancelled", "expired"].includes(type)) found.wrong.push(`${name} heard ${type}`);
      }
      if (!first || !must.includes(name)) continue;
      const took = first.at - this.since[name];
      if (took > expected.tabs[name].within) found.late.push(`${name} after ${took} ms of ${expected.tabs[name].within}`);
      const flow = await this[name].flow(flowId);
      if (flow?.status !== "completed") found.wrong.push(`${name} shows ${flow?.status}`);
    }
    for (const leak of await leaks({ world, browser: this.browser })) found.wrong.push(`a secret got out: ${leak}`);
    for (const { tab, message } of world.log.find({ kind: "error" })) found.wrong.push(`${tab} reported ${message}`);
    for (const { path, method } of world.front.requests) if (method === "POST" && path.endsWith("/cancel")) found.wrong.push("a flow was cancelled at the server");
    return found;
  }
}
