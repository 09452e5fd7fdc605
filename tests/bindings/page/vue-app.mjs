import { h } from "vue";
import { useFlow, useFlows } from "oauth-sync/vue";

export const App = {
  setup() {
    const { flow, start, retry, cancel, dismiss } = useFlow("github");
    const flows = useFlows();
    const button = (id, act) => h("button", { id, onClick: () => act() }, id);
    return () => h("div", [h("p", { id: "status" }, flow.value?.status ?? "none"), h("p", { id: "count" }, String(flows.value.length)),
      button("start", start), button("retry", retry), button("cancel", cancel), button("dismiss", dismiss)]);
  },
};
