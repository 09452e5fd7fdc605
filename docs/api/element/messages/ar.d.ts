import type { Messages } from "./table.js";
/** Arabic. */
export declare const messages: Messages;
