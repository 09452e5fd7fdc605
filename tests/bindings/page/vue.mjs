import { createApp, createSSRApp, effectScope, ref } from "vue";
import { oauthSync, useFlow, useFlows } from "oauth-sync/vue";
import { App } from "./vue-app.mjs";
import { expose, newSync } from "./sync.mjs";

const sync = newSync();
const errors = [];
let app;

const mountWith = (create) => () => {
  app = create(App).use(oauthSync(sync));
  app.config.warnHandler = (message) => errors.push(message);
  app.mount("main");
};

expose(sync, {
  errors,
  hydrate: mountWith(createSSRApp),
  mount: mountWith(createApp),
  mountAlone: () => {
    app = createApp(App);
    app.config.warnHandler = () => {};
    app.config.errorHandler = (error) => errors.push(error.message);
    app.mount("main");
  },
  unmount: () => app.unmount(),
  /** Outside of components, as in a store. */
  inScope: () => {
    const scope = effectScope();
    const provider = ref("google");
    const { flow, flows } = scope.run(() => ({ flow: useFlow(provider, sync).flow, flows: useFlows(sync) }));
    const before = flow.value?.provider;
    provider.value = "github";
    const seen = [before ?? null, flow.value?.provider ?? null, flows.value.length, window.listenersOf()];
    scope.stop();
    return [...seen, window.listenersOf()];
  },
});
