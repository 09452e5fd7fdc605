/**
 * What goes wrong at the status endpoint, by name; each answers in the endpoint's place. `slow` is the one that lets the
 * true answer through, once it is released.
 */
const faults = {
  500: (response) => response.writeHead(500, { "content-type": "application/json" }).end(`{"error":"server_error"}`),
  429: (response) => response.writeHead(429, { "retry-after": "2", "content-type": "application/json" }).end("{}"),
  404: (response) => response.writeHead(404, { "content-type": "application/json" }).end(`{"error":"not_found"}`),
  html: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title>"),
  truncated: (response) => response.writeHead(200, { "content-type": "application/json" }).end(`{"status":"completed","completed":true,"succ`),
  unreachable: (response) => response.destroy(),
};

/** The names of the faults that a status endpoint can have. */
export const statusFaultNames = Object.freeze([...Object.keys(faults), "slow"]);

export class StatusFaults {
  /** How long each answer takes, in ms. */
  delay = 0;
  /** The fault in force, or null. */
  fault = null;
  /** `{ flow, at, fault }` of each request that came. */
  asked = [];
  #held = new Set();

  /** Takes the fault away; what `slow` has held goes on to its true answer. */
  mend() {
    this.fault = null;
    for (const resolve of this.#held) resolve();
    this.#held.clear();
  }

  /** Answers in the endpoint's place and returns true, or returns false where the endpoint is to answer itself. */
  async answer(url, response) {
    this.asked.push({ flow: url.searchParams.get("flow"), at: Date.now(), fault: this.fault });
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    if (this.fault === "slow") {
      await new Promise((resolve) => this.#held.add(resolve));
      return false;
    }
    if (this.fault === null) return false;
    faults[this.fault](response);
    return true;
  }
}
