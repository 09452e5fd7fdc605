/** `oauth-sync`, with the wasm module inside. */
export * from "./index.js";
