// A stand-in for the module's entry that shows the page any state at will, also those that take minutes to come about.
const flows = new Map();
const listeners = new Set();
let connections = [];
const tell = (event) => {
  for (const listener of [...listeners]) listener(event);
};

export class OAuthSync {
  ready = Promise.resolve();

  constructor() {
    window.show = (provider, flow) => {
      if (flow === null) flows.delete(provider);
      else flows.set(provider, { id: `${provider}-flow`, provider, startedAt: 0, expiresAt: 0, startedHere: true, ...flow });
      tell({ type: "changed", flow: { provider } });
    };
    /** All of them, with times from now on: `expiresIn`, `age`, `refreshAge`. */
    window.showConnections = (given) => {
      const now = Date.now();
      const at = ({ expiresIn, age = 0, refreshAge, ...more }) => ({ scopes: [], tools: [], refreshable: true, connectedAt: now - age, ...(expiresIn !== undefined && { expiresAt: now + expiresIn }), ...(refreshAge !== undefined && { refreshedAt: now - refreshAge }), ...more });
      connections = given.map(at);
      for (const connection of connections) tell({ type: "connection", change: connection.state === "reauth_required" ? "reauth_required" : "changed", connection });
      if (connections.length === 0) tell({ type: "changed", flow: {} });
    };
    const refusal = new URLSearchParams(location.search).get("refuse");
    if (refusal !== null) {
      this.ready = Promise.reject(Object.assign(new Error(refusal), { code: refusal }));
      this.ready.catch(() => {});
    }
  }

  subscribe = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };

  connections = () => connections;
  refresh = (id) => {
    window.refreshed = id;
    return window.refreshing ?? Promise.resolve();
  };

  flows = () => [...flows.values()];
  latest = (provider) => flows.get(provider);
  start = (provider) => window.show(provider, { status: "pending", stage: "waiting", window: "open" });
  retry = (id) => this.start(id.replace("-flow", ""));
  cancel = (id) => window.show(id.replace("-flow", ""), states.cancelled);
  dismiss = (id) => window.show(id.replace("-flow", ""), null);
}

const states = { cancelled: { status: "cancelled", settledAt: 0, provisional: true, error: { code: "cancelled_by_user", message: "You cancelled.", retryable: true } } };
