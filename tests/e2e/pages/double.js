// A stand-in for the module's entry that shows the page any state at will, also those that take minutes to come about.
const flows = new Map();
let listener = () => {};

export class OAuthSync {
  ready = Promise.resolve();

  constructor() {
    window.show = (provider, flow) => {
      if (flow === null) flows.delete(provider);
      else flows.set(provider, { id: `${provider}-flow`, provider, startedAt: 0, expiresAt: 0, startedHere: true, ...flow });
      listener({ type: "changed", flow: { provider } });
    };
    const refusal = new URLSearchParams(location.search).get("refuse");
    if (refusal !== null) {
      this.ready = Promise.reject(Object.assign(new Error(refusal), { code: refusal }));
      this.ready.catch(() => {});
    }
  }

  subscribe = (given) => {
    listener = given;
  };

  flows = () => [...flows.values()];
  latest = (provider) => flows.get(provider);
  start = (provider) => window.show(provider, { status: "pending", stage: "waiting", window: "open" });
  retry = (id) => this.start(id.replace("-flow", ""));
  cancel = (id) => window.show(id.replace("-flow", ""), states.cancelled);
  dismiss = (id) => window.show(id.replace("-flow", ""), null);
}

const states = { cancelled: { status: "cancelled", settledAt: 0, provisional: true, error: { code: "cancelled_by_user", message: "You cancelled.", retryable: true } } };
