import { OAuthSync } from "oauth-sync";
import { oauthSync } from "oauth-sync/vue";
import { createApp } from "vue";
import App from "./App.vue";

const sync = new OAuthSync({ statusUrl: "/oauth/status", startUrl: "/oauth/start/{provider}" });

createApp(App).use(oauthSync(sync)).mount("#app");
