import { createElement as h } from "react";
import { useFlow, useFlows } from "oauth-sync/react";

export function App() {
  const { flow, start, retry, cancel, dismiss } = useFlow("github");
  const flows = useFlows();
  const button = (id, act) => h("button", { id, onClick: () => act() }, id);
  return h("div", null, h("p", { id: "status" }, flow?.status ?? "none"), h("p", { id: "count" }, String(flows.length)),
    button("start", start), button("retry", retry), button("cancel", cancel), button("dismiss", dismiss));
}
