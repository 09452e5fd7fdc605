// The element where there are no elements, and its texts.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addMessages, english, OAuthConnect, setDefaultSync } from "oauth-sync/element";
import { messages as arabic } from "oauth-sync/element/messages/ar";
import { messages as german } from "oauth-sync/element/messages/de";
import { messages as japanese } from "oauth-sync/element/messages/ja";

test("can_be_imported_on_a_server_and_does_nothing_there", () => {
  assert.equal(globalThis.HTMLElement, undefined);
  assert.equal(typeof OAuthConnect, "function");
  setDefaultSync({});
  addMessages(german);
});

describe("messages", () => {
  /** Every text under its path. */
  const textsOf = (table, path = "") => Object.entries(table).flatMap(([name, value]) => (typeof value === "string" ? [[`${path}${name}`, value]] : textsOf(value, `${path}${name}.`)));
  const placeholders = (text) => (text.match(/\{\w+\}/gu) ?? []).sort();
  const reference = new Map(textsOf(english));

  for (const table of [english, german, japanese, arabic]) {
    test(`in_${table.lang}_say_everything_and_leave_no_gap`, () => {
      const texts = textsOf(table);
      assert.deepEqual(texts.map(([path]) => path).sort(), [...reference.keys()].sort());
      for (const [path, text] of texts) {
        assert.notEqual(text.trim(), "", path);
        assert.deepEqual(placeholders(text).filter((name) => !["{name}", "{code}", "{time}"].includes(name)), [], path);
        // A name may be left out where a language needs none; what is to be told to somebody may not.
        if (/\{(code|time)\}/u.test(reference.get(path))) assert.deepEqual(placeholders(text).filter((name) => name !== "{name}"), placeholders(reference.get(path)).filter((name) => name !== "{name}"), path);
      }
    });
  }

  test("have_words_for_every_code_of_the_module", () => {
    const codes = ["access_denied", "temporarily_unavailable", "server_error", "admin_consent_required", "cancelled_by_user", "start_failed", "expired", "unknown_flow", "interrupted"];
    assert.deepEqual(codes.filter((code) => !Object.hasOwn(english.errors, code)), []);
  });

  test("have_words_of_their_own_in_every_language", () => {
    const [first, ...others] = [english, german, japanese, arabic].map(({ states }) => states.waiting.title);
    assert.equal(others.includes(first), false);
  });
});
