// What each framework renders on a server, with the real package as Node gets it.
import { createElement as h } from "react";
import { renderToString as renderReact } from "react-dom/server";
import { createSSRApp } from "vue";
import { renderToString as renderVue } from "vue/server-renderer";
import { render as renderSvelte } from "svelte/server";
import { build } from "esbuild";
import { mkdir } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { OAuthSync } from "oauth-sync";
import { OAuthSyncProvider } from "oauth-sync/react";
import { oauthSync } from "oauth-sync/vue";
import { App as ReactApp } from "./page/react-app.mjs";
import { App as VueApp } from "./page/vue-app.mjs";
import { svelte } from "./page/server.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

export async function renderAll() {
  const sync = new OAuthSync({ startUrl: "/start/{provider}", statusUrl: "/status" });
  const react = renderReact(h(OAuthSyncProvider, { sync }, h(ReactApp)));
  const vue = await renderVue(createSSRApp(VueApp).use(oauthSync(sync)));
  const directory = file("../../target/test/bindings");
  await mkdir(directory, { recursive: true });
  const outfile = `${directory}/App.mjs`;
  await build({ entryPoints: [file("page/App.svelte")], bundle: true, format: "esm", platform: "node", packages: "external", outfile, plugins: [svelte("server")] });
  const { default: App } = await import(pathToFileURL(outfile));
  return { react, vue, svelte: renderSvelte(App, { props: { sync } }).body };
}
