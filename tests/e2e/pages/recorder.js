// Served in the place of the module's entry: the real class, whose events are also reported to the test.
import { OAuthSync as Real } from "./real/index.js";

export * from "./real/index.js";

export class OAuthSync extends Real {
  constructor(options) {
    super(options);
    window.sync = this;
    this.subscribe(({ type, via, flow }) => window.report?.("event", { type, via, flow }));
    this.ready.then(() => window.report?.("ready"), (error) => window.report?.("refused", { code: error.code, name: error.name }));
  }
}
