// The matrix itself: that its rows cover what they claim to, that its promises are the protocol's, and that it finds faults.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser } from "../e2e/harness/browser.mjs";
import { runCase } from "./case.mjs";
import { covering } from "./covering.mjs";
import { factors, impossible, named } from "./factors.mjs";
import { expectation } from "./oracle.mjs";
import { rowsOf, whyNot } from "./run.mjs";

describe("the rows", () => {
  for (const strength of [2, 3]) {
    test(`have_every_combination_of_${strength}_values`, () => {
      const small = { a: ["1", "2"], b: ["1", "2", "3"], c: ["1", "2", "3", "4"], d: ["1", "2"] };
      const rows = covering(small, strength);
      const names = Object.keys(small);
      const groups = names.flatMap((_, index) => (strength === 2 ? names.slice(index + 1).map((name) => [names[index], name]) : [names.filter((_name, other) => other !== index)]));
      for (const group of groups) {
        const seen = new Set(rows.map((row) => group.map((name) => row[name]).join()));
        assert.equal(seen.size, group.reduce((count, name) => count * small[name].length, 1), group.join());
      }
    });
  }

  test("are_the_same_each_time_and_not_many_more_than_they_must_be", () => {
    assert.deepEqual(covering(factors), covering(factors));
    const atLeast = 6 * 4;
    assert.ok(covering(factors).length < 2 * atLeast, `${covering(factors).length} rows`);
  });

  test("name_each_row_and_use_only_the_factors_values", () => {
    const rows = rowsOf();
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
    for (const { name, ...row } of rows) {
      assert.deepEqual(Object.keys(row), Object.keys(factors), name);
      for (const [factor, value] of Object.entries(row)) assert.ok(factors[factor].includes(value), `${name}: ${factor} ${value}`);
    }
  });

  test("are_skipped_only_where_an_engine_cannot_and_as_many_as_stated", () => {
    const skipped = Object.fromEntries(Object.keys(impossible).map((engine) => [engine, rowsOf().filter((row) => whyNot(engine, row)).length]));
    assert.deepEqual(skipped, { chromium: 0, firefox: 9, webkit: 20 });
    for (const { row, why } of Object.values(impossible).flat()) {
      for (const [factor, value] of Object.entries(row)) assert.ok(factors[factor].includes(value));
      assert.ok(why.length > 20);
    }
  });
});

describe("the promise", () => {
  const sound = named[0];
  const of = (faults) => expectation({ ...sound, ...faults }).tabs;

  for (const [name, faults, starter, other] of [
    ["every_tab_where_all_is_sound", {}, true, true],
    ["every_tab_by_the_endpoint_where_no_channel_works_but_the_flow_is_known", { opener: "off", channel: "off", storageEvents: "off", page: "reloading" }, true, false],
    ["the_starter_alone_where_the_opener_is_all_there_is", { channel: "off", storage: "refused", status: "absent" }, true, false],
    ["nobody_where_that_opener_is_severed", { channel: "off", storage: "refused", status: "absent", coopProvider: "same-origin" }, false, false],
    ["nobody_that_forgot_the_flow", { storage: "full", page: "reopened" }, false, true],
    ["every_tab_after_a_redirect", { target: "redirect" }, true, true],
  ]) {
    test(`is_made_to_${name}`, () => {
      const tabs = of(faults);
      assert.deepEqual([tabs.starter.must, tabs.other.must], [starter, other]);
    });
  }

  test("forbids_a_success_that_nothing_could_have_told", () => {
    assert.equal(of({ opener: "off", channel: "off", storage: "null", status: "absent" }).starter.never, true);
    assert.equal(of({ opener: "off", channel: "off", storage: "null" }).starter.never, false);
  });

  test("is_two_seconds_by_a_notice_and_longer_by_polling_alone", () => {
    assert.equal(of({}).starter.within, 2000);
    assert.ok(of({ opener: "off", channel: "off", storage: "refused" }).starter.within > 2000);
  });
});

describe("a run", () => {
  let browser;
  before(async () => (browser = await Browser.start()));
  after(() => browser?.quit());
  const [sound] = named;

  /** Changes what the tabs report on its way into the log: `change` gives the entries in an entry's place, each as a report of its own. */
  const reporting = (change) => ({ log }) => {
    const add = log.add.bind(log);
    log.add = (entry) => change(entry).forEach((each, place) => add({ ...each, seq: `${entry.seq}.${place}` }));
  };

  test("finds_what_is_lost", { timeout: 90_000 }, async () => {
    const sabotage = reporting((entry) => (entry.type === "completed" && entry.tab === "other" ? [{ ...entry, type: "swallowed" }] : [entry]));
    const found = await runCase(browser, sound, { sabotage, lostAfter: 3000 });
    assert.deepEqual(found.lost, ["other heard nothing"]);
  });

  test("finds_what_is_late", { timeout: 90_000 }, async () => {
    const found = await runCase(browser, sound, { sabotage: ({ front }) => (front.status.delay = 3000) });
    assert.equal(found.late.length, 2, JSON.stringify(found));
  });

  test("finds_what_is_heard_twice_and_what_is_made_up", { timeout: 90_000 }, async () => {
    const echo = reporting((entry) => {
      if (entry.type !== "completed") return [entry];
      return [entry, entry.tab === "other" ? entry : { ...entry, type: "failed" }];
    });
    const found = await runCase(browser, sound, { sabotage: echo });
    assert.deepEqual(found.repeated, ["other heard 2 times"]);
    assert.deepEqual(found.wrong, ["starter heard failed"]);
  });
});
