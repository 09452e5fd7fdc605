/** Brings the wasm module into the page: once, and early, since nearly all of its cost is one more request. */
import { build, instantiate as run } from "./oauth_sync.js";
import { beside } from "./beside.js";
import { failure } from "./errors.js";
import type { Options } from "./types.js";

type Source = NonNullable<Options["wasm"]>;

/** The eight bytes of an empty module, which starts wherever anything may. */
const EMPTY = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

let loading: Promise<unknown> | undefined;

/** Resolves when the module runs. The first caller's source counts; after a failure the next caller may try again. */
export function load(source: Source | undefined): Promise<unknown> {
  loading ??= instantiate(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function instantiate(source: Source | undefined): Promise<void> {
  const module = await compile(source);
  const [stamp] = WebAssembly.Module.customSections(module, "oauth-sync");
  if (new TextDecoder().decode(stamp) !== build) throw failure("wasm_mismatch");
  try {
    await run(module);
  } catch (error) {
    throw failure((await isAllowed()) ? "wasm_mismatch" : "wasm_blocked", error);
  }
}

async function compile(source: Source | undefined): Promise<WebAssembly.Module> {
  try {
    return await compileFrom(source ?? (await beside()));
  } catch (error) {
    // A policy that forbids WebAssembly and bytes that are none (a sign-in page, say) fail with the same error.
    throw failure((await isAllowed()) ? "wasm_unreachable" : "wasm_blocked", error);
  }
}

async function compileFrom(source: Source): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source !== "string" && !(source instanceof URL)) return WebAssembly.compile(source);
  const response = await fetch(source);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  // Compiling while it arrives asks for the right media type, which not every server gives.
  return response.headers.get("content-type") === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

async function isAllowed(): Promise<boolean> {
  try {
    // WebKit compiles under every policy, and only starts nothing.
    await WebAssembly.instantiate(EMPTY);
    return true;
  } catch {
    return false;
  }
}
