// The document of the element says what is there.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

test("every_part_and_property_in_the_document_of_the_element_is_there", async () => {
  const text = await readFile(new URL("../../docs/element.md", import.meta.url), "utf8");
  const element = await readFile(new URL("../../dist/element/index.js", import.meta.url), "utf8");
  for (const [, names] of text.matchAll(/^\| `(--oauth-connect-[^|]*)`/gmu)) {
    for (const each of names.split("`, `")) assert.match(element, new RegExp(each.startsWith("--") ? `${each}\\b` : `--oauth-connect${each}\\b`, "u"));
  }
  const [, parts] = /^Parts: (.*)\.$/mu.exec(text);
  for (const part of parts.match(/\w+/gu)) assert.match(element, new RegExp(`"${part}"|base `, "u"), part);
});
