import { oauthSync } from "oauth-sync/vue";
import { createApp } from "vue";
import App from "./App.vue";
import { sync } from "./sync.js";

createApp(App).use(oauthSync(sync)).mount("#app");
