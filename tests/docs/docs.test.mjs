// Every block of code in the documents compiles, is parsed by what reads it, or names what is there. `text` alone is no code.
// Rust is for rustdoc: server/src/lib.rs takes the server's README for documentation.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { compile } from "svelte/compiler";
import { bin, exec, root } from "../package/harness/packed.mjs";
import { blocks, scriptsOf } from "./blocks.mjs";

const work = join(root, "target/test/docs");
const server = join(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/oauth-sync-server");
const { name: ownName, scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const all = await blocks();
/** The name of a block as that of a file. */
const fileOf = ({ name }) => name.replaceAll(/\W+/gu, "-");

before(async () => {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
});

const CHECKS = {
  ts: undefined,
  js: undefined,
  jsx: undefined,
  svelte: ({ code }) => void compile(code, { generate: "client" }),
  html: checkHtml,
  css: ({ code }) => transform(code, { loader: "css", logLevel: "error" }),
  json: ({ code }) => void JSON.parse(code),
  http: ({ code }) => {
    const [head, ...bodies] = code.trim().split("\n\n");
    assert.match(head, /^(GET|POST) (\/oauth\/|\{)/u);
    bodies.forEach((body) => JSON.parse(body));
  },
  toml: checkConfiguration,
  sh: checkCommands,
  rust: ({ name, flags }) => {
    assert.match(name, /^server\/README\.md:/u, "rustdoc knows of no other");
    assert.ok(!flags.includes("ignore"), "rustdoc would not compile it");
  },
  text: undefined,
};

for (const block of all) {
  test(`${block.name}_in_${block.language || "no language"}`, async () => {
    assert.ok(Object.hasOwn(CHECKS, block.language), `a block in no language that is checked here; say which it is, or \`text\``);
    await CHECKS[block.language]?.(block);
  });
}

test("every_script_in_the_documents_passes_the_compiler", async () => {
  await cp(fileURLToPath(new URL("around", import.meta.url)), work, { recursive: true });
  const written = all.flatMap((block) => scriptsOf(block).map(([extension, source], index) => ({ file: `${fileOf(block)}-${index}.${extension}`, source })));
  assert.ok(written.length > 8);
  // `export {}`: each is a module of its own.
  for (const { file, source } of written) await writeFile(join(work, file), `${source}\nexport {};\n`);
  const compilerOptions = {
    target: "es2022", lib: ["es2022", "dom", "dom.iterable", "esnext.disposable"], module: "nodenext", jsx: "react-jsx", types: [],
    noEmit: true, allowJs: true, checkJs: true, strict: true, skipLibCheck: true,
    // Examples in JavaScript declare no types.
    noImplicitAny: false,
  };
  await writeFile(join(work, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*"] }));
  await exec(bin("tsc"), ["-p", work], { cwd: work }).catch(({ stdout }) => assert.fail(stdout));
});

test("what_is_written_with_the_testing_entry_runs", async () => {
  const own = all.filter(({ language, code }) => language === "js" && /import .* from "oauth-sync\/testing"/u.test(code));
  assert.ok(own.length);
  for (const block of own) {
    const file = join(work, `${fileOf(block)}.mjs`);
    await writeFile(file, block.code);
    await import(pathToFileURL(file));
  }
});

/** What it loads is in the package, and its elements are known. */
async function checkHtml({ code }) {
  const built = (await readdir(join(root, "dist"), { recursive: true })).map((file) => basename(file));
  const addresses = [...code.matchAll(/<script[^>]* src="([^"]*)"/gu)].map(([, address]) => address);
  for (const [, map] of code.matchAll(/<script type="importmap">(.*?)<\/script>/gsu)) addresses.push(...Object.values(JSON.parse(map).imports));
  for (const address of addresses) assert.ok(built.includes(basename(address)), `${address} is not in the package`);
  const table = await readFile(join(root, "docs/api/element/index.d.ts"), "utf8");
  for (const [, tag] of code.matchAll(/<(\w+-[\w-]+)/gu)) assert.ok(table.includes(`"${tag}"`) || code.includes("element/toast"), `<${tag}> is not an element`);
}

/** The server itself reads it, and starts. */
async function checkConfiguration({ code }) {
  const directory = join(work, "server");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "oauth-sync.toml"), code);
  const secrets = Object.fromEntries([...code.matchAll(/^\w+_env = "(\w+)"/gmu)].map(([, name]) => [name, Buffer.alloc(32, 7).toString("base64")]));
  const child = spawn(server, ["serve", "--config", "oauth-sync.toml", "--listen", "127.0.0.1:0"], { cwd: directory, env: { ...process.env, ...secrets } });
  let output = "";
  const ended = new Promise((resolve) => child.once("close", resolve));
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  await Promise.race([ended, new Promise((resolve) => child.stdout.on("data", () => output.includes("listening on ") && resolve()))]);
  child.kill();
  await ended;
  assert.match(output, /listening on /u);
}

/** Each line is a command that is there. */
async function checkCommands({ code }) {
  for (const line of code.trim().split("\n")) {
    const [command, verb, ...args] = line.replace(/\s#.*/u, "").trim().split(/\s+/u);
    if (command === "oauth-sync-server") await exec(server, [verb, "--help"]);
    else if (command === "npm" && verb === "install") assert.ok(!args.length || args.includes(ownName), line);
    else if (command === "npm") assert.ok(Object.hasOwn(scripts, verb === "run" ? args[0] : verb), `package.json has no script for: ${line}`);
    else if (command === "mkdir") assert.match(verb, /^\w+$/u);
    else if (command === "cp") assert.ok((await readdir(join(root, "dist"))).includes(basename(verb)), line);
    else assert.fail(`no check knows this command: ${line}`);
  }
}
