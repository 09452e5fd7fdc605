/** How people know providers, and how their names and codes get into a sentence. */
import type { Messages } from "./messages/table.js";

const WELL_KNOWN: Readonly<Record<string, string>> = {
  atlassian: "Atlassian",
  github: "GitHub",
  gitlab: "GitLab",
  google: "Google",
  microsoft: "Microsoft",
  slack: "Slack",
};

export function nameOf(provider: string): string {
  return (Object.hasOwn(WELL_KNOWN, provider) && WELL_KNOWN[provider]) || provider;
}

export function fill(text: string, { dir }: Messages, name: string, code = ""): string {
  // A name in another script than the sentence keeps its own direction and its place.
  const isolate = (value: string) => (dir === "rtl" ? `\u2068${value}\u2069` : value);
  return text.replaceAll("{name}", () => isolate(name)).replaceAll("{code}", () => isolate(code));
}
