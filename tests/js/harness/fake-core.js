// Stands in for the glue of the wasm module: it records what the front asks for, and says what a test lets it say.
export const build = "test";
export const cores = [];
export const control = { initError: undefined, constructError: undefined, stored: [] };

export async function instantiate() {
  if (control.initError) throw control.initError;
}

export class OAuthSync {
  calls = [];
  flowsNow = new Map();
  #seq = 0;

  constructor(options, onEvents) {
    if (control.constructError) throw control.constructError;
    this.options = options;
    this.onEvents = onEvents;
    for (const flow of control.stored) this.flowsNow.set(flow.id, flow);
    cores.push(this);
  }

  flows() {
    return [...this.flowsNow.values()].reverse().map((flow) => structuredClone(flow));
  }

  /** The events of one change, as the module hands them over: fresh objects. */
  emit(...events) {
    this.onEvents(
      events.map(([type, changes]) => {
        const flow = { ...this.flowsNow.get(changes.id), ...changes };
        this.flowsNow.set(flow.id, flow);
        return { seq: ++this.#seq, type, at: Date.now(), via: "local", flow: structuredClone(flow) };
      }),
    );
  }

  act(name, ...args) {
    this.#called(name, ...args);
    if (name !== "start") return;
    const [{ flowId, ...rest }] = args;
    const flow = { id: flowId, ...rest, expiresAt: rest.startedAt + 1000, startedHere: true, status: "pending", stage: "opening" };
    this.emit(["started", flow], [rest.window === "blocked" ? "blocked" : "opened", { id: flowId }]);
  }

  check(flowId) {
    this.#called("check", flowId);
    return control.checked ?? Promise.resolve();
  }

  diagnostics() {
    return { poller: "this", facilities: { web_locks: "ok" }, dropped: {} };
  }

  #called(name, ...args) {
    this.calls.push([name, ...args]);
  }

  free() {
    this.#called("free");
  }
}
