// The element where there are no elements, and its texts.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { addMessages, english, OAuthConnect, setDefaultSync } from "oauth-sync/element";
import { messages as arabic } from "oauth-sync/element/messages/ar";
import { messages as german } from "oauth-sync/element/messages/de";
import { messages as japanese } from "oauth-sync/element/messages/ja";
import { build } from "esbuild";

const source = (path) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
/** The codes in a piece of a source: from what begins with `from` to the next `to`. */
const codesIn = (text, from, to) => {
  const start = text.indexOf(from);
  assert.notEqual(start, -1, from);
  return text.slice(start, text.indexOf(to, start)).match(/(?<=")[a-z]+(?:_[a-z]+)*(?=")/gu);
};

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

  describe("of errors", async () => {
    const stdin = { contents: 'export { errorView } from "./view.ts";', resolveDir: new URL("../../js/element", import.meta.url).pathname, loader: "ts" };
    const { outputFiles } = await build({ stdin, bundle: true, format: "esm", write: false });
    const { errorView } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
    const sources = {
      "the module": codesIn(await source("js/types.ts"), "export type ErrorCode", ";"),
      "the protocol": codesIn(await source("src/proto/error.rs"), "fn is_retryable", "\n    }\n"),
      "the server's flows": codesIn(await source("server/src/http/outcome.rs"), "fn reason", "\n}\n"),
      "the server's connections": codesIn(await source("server/src/store/tokens.rs"), "impl ReauthReason", "\n    }\n"),
    };
    const rows = [...(await source("docs/element.md")).matchAll(/^\| (`.*`) \| (.+?) \| (.+?) \|$/gmu)];
    const documented = new Map(rows.flatMap(([, codes, title, detail]) => codes.match(/[a-z_]+/gu).map((code) => [code, { title, detail }])));

    for (const [who, codes] of Object.entries(sources)) {
      test(`know_every_code_of_${who.replaceAll(/[ ']/gu, "_")}`, () => {
        assert.notEqual(codes.length, 0);
        for (const table of [english, german, japanese, arabic]) {
          assert.deepEqual(codes.filter((code) => errorView(code, table).words === table.errors.other), [], table.lang);
        }
      });
    }

    test("stand_in_the_documentation_as_they_are", () => {
      for (const code of Object.values(sources).flat()) assert.deepEqual([code, documented.get(code)], [code, errorView(code, english).words]);
      assert.deepEqual(documented.get("other"), english.errors.other);
    });
  });

  test("have_words_of_their_own_in_every_language", () => {
    const [first, ...others] = [english, german, japanese, arabic].map(({ states }) => states.waiting.title);
    assert.equal(others.includes(first), false);
  });
});
