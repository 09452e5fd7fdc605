import { TestOAuthSync } from "oauth-sync/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { followToasts } from "./toasts.js";

let sync;
let toasts;

beforeEach(() => {
  sync = new TestOAuthSync();
  toasts = [];
  followToasts(sync, (text) => toasts.push(text));
});

afterEach(() => sync.close());

test("says that it is connected, once", async () => {
  const { id } = sync.start("github");
  await sync.answer(id, { status: "completed", integrationId: "int_1" });
  await sync.advance(60_000);
  expect(toasts).toEqual(["github is connected"]);
});

test("asks to allow the window", async () => {
  sync.blockPopups = true;
  sync.start("github");
  await sync.advance(0);
  expect(sync.opened).toEqual([]);
  expect(toasts).toEqual(["Please allow the window to open"]);
});

test("offers another try after five minutes, and takes a late success", async () => {
  const { id } = sync.start("github");
  await sync.closeWindow(id);
  await sync.advance(5 * 60_000);
  expect(toasts).toEqual(["Still no answer. You can try again"]);
  await sync.answer(id, { status: "completed" });
  expect(toasts.at(-1)).toBe("github is connected");
});

test("says why it did not work", async () => {
  const { id } = sync.start("github");
  await sync.answer(id, { status: "cancelled", error: { code: "access_denied" } });
  expect(toasts).toEqual(["Access was not granted."]);
});
