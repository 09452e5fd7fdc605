/** What the build makes of the module for `oauth-sync/inline`: its bytes, by gzip and base64. */
declare module "*.wasm" {
  const base64: string;
  export default base64;
}
