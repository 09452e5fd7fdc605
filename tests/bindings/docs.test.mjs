// The code in the documents of the element and the bindings: it compiles, and what it imports is there.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { transform } from "esbuild";
import { compile } from "svelte/compiler";

const scripts = /<script type="module">\n(.*?)<\/script>/gsu;

for (const name of ["element", "bindings"]) {
  const text = await readFile(new URL(`../../docs/${name}.md`, import.meta.url), "utf8");
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gmsu)].map(([, language, code], index) => ({ language, code, index }));
  for (const { language, code, index } of blocks) {
    test(`block_${index + 1}_of_${name}_in_${language}_holds`, async () => {
      if (language === "css") return void (await transform(code, { loader: "css", logLevel: "silent" }));
      if (language === "svelte") compile(code, { generate: "client" });
      const sources = language === "html" ? [...code.matchAll(scripts)].map(([, source]) => source) : language === "svelte" ? [] : [code];
      for (const source of sources) await transform(source, { loader: "jsx", format: "esm", target: "esnext" });
      for (const [, names, from] of code.matchAll(/import \{([^}]*)\} from "(oauth-sync[^"]*)"/gu)) {
        const module = await import(from);
        for (const each of names.split(",")) assert.equal(each.trim().split(" as ")[0] in module, true, `${each} of ${from}`);
      }
    });
  }
  test(`${name}_has_code`, () => assert.equal(blocks.length > 3, true));
}

test("every_part_and_property_in_the_document_of_the_element_is_there", async () => {
  const text = await readFile(new URL("../../docs/element.md", import.meta.url), "utf8");
  const element = await readFile(new URL("../../dist/element/index.js", import.meta.url), "utf8");
  for (const [, names] of text.matchAll(/^\| `(--oauth-connect-[^|]*)`/gmu)) {
    for (const each of names.split("`, `")) assert.match(element, new RegExp(each.startsWith("--") ? `${each}\\b` : `--oauth-connect${each}\\b`, "u"));
  }
  const [, parts] = /^Parts: (.*)\.$/mu.exec(text);
  for (const part of parts.match(/\w+/gu)) assert.match(element, new RegExp(`"${part}"|base `, "u"), part);
});
