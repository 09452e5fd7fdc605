import type { Messages } from "./table.js";
/** Japanese. */
export declare const messages: Messages;
