/**
 * In place of `beside.ts` in `oauth-sync/inline`: the wasm module is in the file itself. Compressed, since a host that
 * cannot serve a file may not compress one either; base64 alone is twice as long. Unpacked when it is asked for.
 */
import base64 from "./oauth_sync_bg.wasm";

export async function beside(): Promise<BufferSource> {
  const packed = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).arrayBuffer();
}
