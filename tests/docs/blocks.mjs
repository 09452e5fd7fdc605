/** The code in the documents, block by block. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../package/harness/packed.mjs";

/** `{ name, language, flags, code }`; `name` says where it stands. */
export async function blocks() {
  const docs = (await readdir(join(root, "docs"))).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`);
  const files = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md", "server/README.md", "examples/README.md", ...docs.sort()];
  return (await Promise.all(files.map(blocksOf))).flat();
}

async function blocksOf(file) {
  const text = await readFile(join(root, file), "utf8");
  return [...text.matchAll(/^( *)```([^\n]*)\n(.*?)^\1```$/gmsu)].map(({ index, 2: info, 3: code }) => {
    const [language, ...flags] = info.split(",");
    return { name: `${file}:${text.slice(0, index).split("\n").length}`, language, flags, code };
  });
}

/** The scripts in a block that TypeScript can check, as `[extension, source]`. */
export function scriptsOf({ language, code }) {
  if (language === "html") return [...code.matchAll(/<script type="module">\n(.*?)<\/script>/gsu)].map(([, source]) => ["js", source]);
  if (language === "svelte") return [...code.matchAll(/<script>\n(.*?)<\/script>/gsu)].map(([, source]) => ["js", source]);
  return ["ts", "js", "jsx"].includes(language) ? [[language, code]] : [];
}
