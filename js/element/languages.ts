/** The message tables: English is here, the others come when a page is in their language. */
import { messages as english } from "./messages/en.js";
import type { Messages } from "./messages/table.js";

/** Written out, so that a bundler finds each file. */
const LOADERS: Readonly<Record<string, () => Promise<{ messages: Messages }>>> = {
  ar: () => import("./messages/ar.js"),
  de: () => import("./messages/de.js"),
  ja: () => import("./messages/ja.js"),
};

const tables = new Map([["en", english]]);

/** Adds a language, or replaces one. Without `await`, before elements are on the page, nothing has to be loaded. */
export function addMessages(messages: Messages): void {
  tables.set(messages.lang.toLowerCase(), messages);
}

/** The table of a language tag (`de-AT`) if it is here, else a promise of it. English stands in for what there is no table of, or cannot be had. */
export function messagesFor(tag: string): Messages | Promise<Messages> {
  const whole = tag.toLowerCase();
  const language = whole.split("-")[0] ?? "";
  const table = tables.get(whole) ?? tables.get(language);
  if (table) return table;
  const load = Object.hasOwn(LOADERS, language) && LOADERS[language];
  if (!load) return english;
  return load().then(
    ({ messages }) => {
      if (!tables.has(language)) addMessages(messages);
      return tables.get(language) ?? messages;
    },
    () => english,
  );
}

/** The language that an element is in: the nearest `lang`, also across shadow roots. */
export function languageOf(element: Element): string {
  for (let each: Element | null = element; each; ) {
    const found: Element | null = each.closest("[lang]");
    if (found) return found.getAttribute("lang") ?? "";
    const root: Node = each.getRootNode();
    each = root instanceof ShadowRoot ? root.host : null;
  }
  return "";
}
