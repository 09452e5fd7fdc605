import { skips, smoke } from "../engines.mjs";
import { engineName } from "./engines.mjs";

/**
 * What becomes of a test on the engine of this run: `null` when it is not in the chosen set, else what `node:test` is
 * told.
 */
export function placeOf(name) {
  if (process.env.SUITE === "smoke" && !Object.values(smoke).flat().includes(name)) return null;
  const reason = skips[engineName]?.[name];
  return reason === undefined ? {} : { skip: reason };
}
