// Served in the place of the module's entry: the real class, whose events are also reported to the test.
import { OAuthSync as Real } from "./real/index.js";

export * from "./real/index.js";

export class OAuthSync extends Real {
  constructor(options) {
    super(options);
    window.sync = this;
    this.subscribe((event) => {
      if (event.type === "connection") window.report?.("connection", { change: event.change, via: event.via, connection: event.connection });
      else window.report?.("event", { type: event.type, via: event.via, flow: event.flow });
    }, { connections: true });
    this.ready.then(() => window.report?.("ready"), (error) => window.report?.("refused", { code: error.code, name: error.name }));
  }
}
