/** The little of Node that the package uses; its own types would bring a global scope that browsers do not have. */
declare module "node:fs/promises" {
  export function readFile(file: URL): Promise<Uint8Array<ArrayBuffer>>;
}
