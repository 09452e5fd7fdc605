/** Written by the build: the whole package, glue included, as one function of the globals that it uses. */
import type * as front from "../index.js";
import type { Realm } from "./realm.js";

/** Runs the package in `realm`. What is not in it is the page's own: `URL`, `Promise`, `WebAssembly`. */
export declare function sandbox(realm: Realm): typeof front;
