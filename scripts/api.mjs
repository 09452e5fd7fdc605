/**
 * `npm run api`: writes the package's declarations to `docs/api/`, where a change of the public contract shows in review.
 * `npm test -- types` fails while they differ from what is built.
 */
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { root } from "./command.mjs";

const dist = join(root, "dist");
const report = join(root, "docs/api");

/** What differs between `dist/` and `docs/api/`, a line each. */
export async function differences() {
  const [built, kept] = await Promise.all([dist, report].map(declarations));
  return [...new Set([...built.keys(), ...kept.keys()])].sort().flatMap((file) => {
    if (!kept.has(file)) return [`${file}: new`];
    if (!built.has(file)) return [`${file}: gone`];
    const [now, before] = [built.get(file), kept.get(file)].map((text) => text.split("\n"));
    const lines = [...before.filter((line) => !now.includes(line)).map((line) => `- ${line}`), ...now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`)];
    if (built.get(file) === kept.get(file)) return [];
    return [`${file}:`, ...(lines.length ? lines : ["in another order"])];
  });
}

/** The text of every declaration file, by its path in `directory`. */
async function declarations(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".d.ts")).map((entry) => join(entry.path, entry.name));
  return new Map(await Promise.all(files.map(async (file) => [relative(directory, file), await readFile(file, "utf8")])));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await build();
  await rm(report, { recursive: true, force: true });
  for (const file of (await declarations(dist)).keys()) {
    await mkdir(dirname(join(report, file)), { recursive: true });
    await cp(join(dist, file), join(report, file));
  }
}
