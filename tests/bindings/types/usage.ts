// How strict apps use the bindings and the element. `@ts-expect-error` marks what must not compile.
import { type Flow, OAuthSync, type OAuthSyncEvent, type PendingFlow, type StartOptions } from "oauth-sync";
import { addMessages, type ConnectState, english, type Messages, OAuthConnect, setDefaultSync } from "oauth-sync/element";
import { messages as german } from "oauth-sync/element/messages/de";
import * as react from "oauth-sync/react";
import * as svelte from "oauth-sync/svelte";
import { TestOAuthSync } from "oauth-sync/testing";
import * as vue from "oauth-sync/vue";
import { createElement, type ReactNode } from "react";
import { fromStore, type Readable } from "svelte/store";
import { createApp, ref } from "vue";

const sync = new OAuthSync<"github" | "google">({ startUrl: "/start/{provider}" });
const wide: OAuthSync = sync;

interface ReactContract {
  OAuthSyncProvider(props: { sync: OAuthSync; children?: ReactNode }): ReactNode;
  useFlows(): readonly Flow[];
  useFlow(provider: string): {
    readonly flow: Flow | undefined;
    start(options?: StartOptions): PendingFlow;
    retry(): PendingFlow | undefined;
    cancel(): void;
    dismiss(): void;
  };
}
react satisfies ReactContract;
createElement(react.OAuthSyncProvider, { sync: wide }, "inside");
// @ts-expect-error a provider of nothing
createElement(react.OAuthSyncProvider, {});

createApp({}).use(vue.oauthSync(wide));
const { flow } = vue.useFlow(ref("github"));
const status: string | undefined = flow.value?.status;
const [newest] = vue.useFlows(wide).value;
// @ts-expect-error what a server says is not for a component to write
vue.useFlows(wide).value = [];

const store: Readable<Flow | undefined> = svelte.flow(wide, "github");
const all: readonly Flow[] = fromStore(svelte.flows(wide)).current;
svelte.flow(wide, "github").start({ target: "tab" });

setDefaultSync(wide);
addMessages(german);
addMessages({ ...english, lang: "en-GB" });
// @ts-expect-error a table has every word
const table: Messages = { lang: "fr" };
const element = document.createElement("oauth-connect");
element.sync = wide;
element.startOptions = { appState: { step: 1 } };
const state: ConnectState = element.state;
element.addEventListener("oauth-window-closed", ({ detail }) => {
  const type: "window_closed" = detail.type;
  const event: OAuthSyncEvent = detail;
  return [type, event];
});
element.addEventListener("oauth-completed", ({ detail }) => detail.flow.integrationId);
// @ts-expect-error only a completed flow has one
element.addEventListener("oauth-failed", ({ detail }) => detail.flow.integrationId);
const isOne: boolean = element instanceof OAuthConnect;

const fake = new TestOAuthSync<"github">({ startUrl: "/go" });
const replaced: OAuthSync<"github"> = fake;
const answered: Promise<void> = fake.answer("flow-0001", { completed: true, success: true });
const urls: readonly string[] = fake.opened.map(({ url }) => url);
fake.blockPopups = true;
// @ts-expect-error the server is the test
new TestOAuthSync({ statusUrl: "/status" });
// @ts-expect-error what was opened is the module's to say
fake.opened.push({ flowId: "", url: "", target: "" });

export { all, answered, replaced, urls, isOne, newest, state, status, store, table };
