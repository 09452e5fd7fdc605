// The wire vectors of notices, and what `oauth-sync/callback` writes: readers read it as it is, and what they would drop it
// refuses. What the module makes of the vectors is tried in `tests/testing`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, test } from "node:test";
import { notify } from "../../js/callback.js";
import { FakeWindow } from "./harness/fake-window.mjs";

const vectors = JSON.parse(await readFile(new URL("../vectors/notices.json", import.meta.url), "utf8"));
const { BroadcastChannel: RealChannel, setTimeout: realSetTimeout } = globalThis;
let page;

beforeEach(() => {
  page = new FakeWindow("https://app.example/callback");
  page.enter();
  // Nobody listens, and nobody is waited for.
  globalThis.BroadcastChannel = undefined;
  globalThis.setTimeout = (run, _, ...args) => queueMicrotask(() => run(...args));
});
afterEach(() => {
  FakeWindow.leave();
  globalThis.BroadcastChannel = RealChannel;
  globalThis.setTimeout = realSetTimeout;
});

/** What was written, by whichever key. */
const written = () => Object.keys(page.localStorage).map((key) => JSON.parse(page.localStorage.getItem(key)));

describe("notify writes what is read as", () => {
  for (const { name, read } of vectors.filter((vector) => vector.read !== "dropped")) {
    test(name, async () => {
      const { type, v, id, timestamp, relayed, ...notice } = read;
      await notify(notice);
      const [message] = written();
      assert.deepEqual({ ...message, id, timestamp }, { type, v, id, timestamp, ...notice });
    });
  }
});

describe("notify refuses", () => {
  /** Its type, its id and whether there is a message at all are not the caller's to say. */
  const own = ["another type", "no type outside the plain key", "a failure that calls itself complete by type only", "an id that is too long", "an id that is an object"];
  for (const { name, input } of vectors.filter((vector) => vector.read === "dropped" && !own.includes(vector.name))) {
    test(name, async () => {
      await assert.rejects(notify(input), TypeError);
      assert.deepEqual(written(), []);
    });
  }

  test("no fewer than the readers do", () => {
    const names = vectors.filter((vector) => vector.read === "dropped").map((vector) => vector.name);
    assert.deepEqual(own.filter((name) => !names.includes(name)), []);
  });
});
