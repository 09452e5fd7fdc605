import type { Messages } from "./table.js";
/** English. */
export declare const messages: Messages;
