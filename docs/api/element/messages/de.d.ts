import type { Messages } from "./table.js";
/** German. */
export declare const messages: Messages;
