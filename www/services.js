/** The four services of the demo, as people know them. */
const SERVICES = {
  github: { name: "GitHub", monogram: "Gh" },
  atlassian: { name: "Atlassian", monogram: "At" },
  microsoft: { name: "Microsoft 365", monogram: "Ms" },
  google: { name: "Google Workspace", monogram: "Go" },
};

const TOOLS = {
  github: "Repositories",
  jira: "Jira",
  confluence: "Confluence",
  outlook: "Outlook",
  teams: "Teams",
  onedrive: "OneDrive",
  calendar: "Calendar",
  drive: "Drive",
};

export const serviceNames = Object.fromEntries(Object.entries(SERVICES).map(([provider, { name }]) => [provider, name]));

export function serviceOf(provider) {
  return SERVICES[provider] ?? { name: provider, monogram: provider.slice(0, 2) };
}

export function toolName(tool) {
  return TOOLS[tool] ?? tool;
}
