import type { Messages } from "./messages/table.js";
/** Adds a language, or replaces one. Without `await`, before elements are on the page, nothing has to be loaded. */
export declare function addMessages(messages: Messages): void;
/** The table of a language tag (`de-AT`) if it is here, else a promise of it. English stands in for what there is no table of, or cannot be had. */
export declare function messagesFor(tag: string): Messages | Promise<Messages>;
/** The language that an element is in: the nearest `lang`, also across shadow roots. */
export declare function languageOf(element: Element): string;
