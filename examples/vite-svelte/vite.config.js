import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  // Where the companion server, or your own back end, listens.
  server: { proxy: { "/oauth": "http://localhost:4180" } },
  build: { rollupOptions: { input: ["index.html", "callback.html"] } },
});
