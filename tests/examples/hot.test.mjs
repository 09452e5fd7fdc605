// While a person connects, the developer saves a file: the component is another, the flow and its listeners are the same.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createServer } from "vite";
import { Browser } from "../e2e/harness/browser.mjs";
import { startBackEnd } from "../package/harness/back-end.mjs";
import { saveUntilShown } from "../package/harness/hot.mjs";
import { Packed, root } from "../package/harness/packed.mjs";

const COMPONENTS = { react: "src/Integration.jsx", svelte: "src/Integration.svelte", vue: "src/Integration.vue" };

describe("hot reloading", () => {
  let browser;
  let packed;
  before(async () => ([browser, packed] = await Promise.all([Browser.start(), Packed.make("hot")])));
  after(() => browser?.quit());

  for (const [framework, component] of Object.entries(COMPONENTS)) {
    test(`${framework}_keeps_a_flow_over_a_hot_reload`, async (t) => {
      const app = await packed.install(join(root, "examples", `vite-${framework}`), framework);
      const backEnd = await startBackEnd();
      t.after(() => backEnd.close());
      const proxy = { "/oauth": backEnd.origin };
      const vite = await createServer({ root: app, configFile: join(app, "vite.config.js"), logLevel: "error", server: { port: 0, host: "localhost", proxy } });
      t.after(() => vite.close());
      await vite.listen();

      const tab = await browser.openTab(vite.resolvedUrls.local[0]);
      const says = (text) => browser.until(() => tab.run((each) => document.querySelector("[role=status]")?.textContent === each, text), text);
      await says("Not connected");
      await tab.run(() => (window.isSamePage = true));
      await browser.windowFrom(() => tab.click("section button"));
      await says("Waiting for authorization…");

      await saveUntilShown(browser, join(app, component), () => tab.run(() => document.querySelector("[role=status]")?.textContent));
      backEnd.settle({ status: "completed", integrationId: "int_1" });
      await says("Connected as int_1");
      assert.equal(await tab.run(() => window.isSamePage), true);
    });
  }
});
