import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { startProvider } from "../../provider/provider.mjs";
import { Front } from "./front.mjs";
import { Log } from "./log.mjs";
import { Instances } from "./instances.mjs";
import { CompanionServer } from "./server.mjs";

/**
 * All that is behind the browser, made anew for each test: the app's origin with the companion server (or, with
 * INSTANCES=2, two of them) behind it on localhost, and the provider on 127.0.0.1, which is another site. A new port is a new origin, so no storage is shared
 * between tests.
 */
export class World {
  log = new Log();

  static async open() {
    const world = new World();
    try {
      world.directory = await mkdtemp(`${tmpdir()}/oauth-sync-e2e-`);
      world.front = await Front.open(world.log);
      world.provider = await startProvider({ app: world.front.origin });
      const Server = process.env.INSTANCES === "2" ? Instances : CompanionServer;
      world.server = await Server.start({ directory: world.directory, origin: world.front.origin, issuer: world.provider.issuer });
      world.front.upstream = world.server.url;
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  get origin() {
    return this.front.origin;
  }

  /** The same pages under another name: another origin, and another site. */
  get foreignOrigin() {
    return this.front.origin.replace("localhost", "127.0.0.1");
  }

  /** Holds the provider before it shows a page; with automatic consent, `release` then lets the flow run to its end. */
  holdProvider() {
    this.provider.control.set({ held: ["interaction"], automaticConsent: true });
  }

  releaseProvider() {
    this.provider.control.set({ held: [] });
  }

  /**
   * Resolves when a window has come to the provider. To be waited for before the server is ended, and before another window is opened: in
   * WebKit one that is on its way from one site to another is sometimes stopped by that, and stays blank.
   */
  reachesProvider(browser) {
    return browser.until(async () => this.provider.control.count("interaction") > 0, "a window at the provider");
  }

  async close() {
    await this.front?.close();
    await Promise.all([this.provider?.close(), this.server?.close()]);
    await rm(this.directory, { recursive: true, force: true });
  }
}
