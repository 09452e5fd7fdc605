/** Set by the build. */
declare const IS_NODE: boolean;

/**
 * Where the wasm module is unless the caller says otherwise. Bundlers recognise this form and copy the file. Node's
 * `fetch` reads no files, and there the file is read, so that tests with a made-up `window` run the real module.
 */
export async function beside(): Promise<URL | BufferSource> {
  const url = new URL("./oauth_sync_bg.wasm", import.meta.url);
  return IS_NODE ? (await import("node:fs/promises")).readFile(url) : url;
}
