import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // Where the companion server, or your own back end, listens.
  server: { proxy: { "/oauth": "http://localhost:4180" } },
  build: { rollupOptions: { input: ["index.html", "callback.html"] } },
});
