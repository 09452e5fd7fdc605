/** What the pages around the code in the documents have: the app's own. */
import type { Flow, OAuthSync } from "oauth-sync";
import type { Component } from "vue";

declare global {
  const button: HTMLButtonElement;
  function toast(text: string): void;
  function render(flow: Flow): void;
  const sync: OAuthSync;
  const App: Component;
  const createApp: typeof import("vue").createApp;
}
