/**
 * `oauth-sync/element/toast`: `<oauth-toast>` says in words how a flow ended that this tab began, and when a connection has
 * to be made again. It stays until it is dismissed or no longer true: nothing is taken away from whoever is reading.
 */
import type { OAuthSync } from "../index.js";
import type { ConnectionEvent } from "../types.js";
import type { ActionName, Messages } from "./messages/table.js";
import { fill, nameOf } from "./names.js";
import { html, iconOf, setText } from "./parts.js";
import { type Heard, setShared, Source } from "./source.js";
import { toastSheet } from "./toast-style.js";
import { Translation } from "./translation.js";
import { errorView, type Icon, type View } from "./view.js";

/** What is said of a provider: its newest news, and how it is shown. */
interface Notice {
  readonly provider: string;
  readonly icon: Icon;
  readonly view: (messages: Messages) => Pick<View, "words" | "code">;
  readonly action?: ActionName;
}

const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

export class OAuthToast extends Base {
  static readonly observedAttributes = ["lang"];

  /** What `setDefaultSync` does; here, so that a second copy of this file reaches the elements of the first. */
  static setDefaultSync(sync: OAuthSync | undefined): void {
    setShared(sync);
  }

  readonly #source = new Source((event) => this.#hear(event), () => {});
  readonly #translation = new Translation(this, () => this.#draw());
  readonly #notices = new Map<string, Notice>();
  readonly #drawn = new Map<string, { notice: Notice; element: HTMLElement }>();
  #labels: Readonly<Record<string, string>> = {};
  #region: HTMLElement | undefined;
  /** Where the focus came from. */
  #origin: HTMLElement | undefined;

  /** The instance that it follows; without one, that of `setDefaultSync`. */
  get sync(): OAuthSync | undefined {
    return this.#source.sync;
  }

  set sync(sync: OAuthSync | undefined | null) {
    this.#source.sync = sync ?? undefined;
  }

  /** A table of your own, in place of that of the page's language. */
  get messages(): Messages | undefined {
    return this.#translation.own;
  }

  set messages(messages: Messages | undefined | null) {
    this.#translation.own = messages ?? undefined;
  }

  /** Names of providers, by id, as people know them. */
  get labels(): Readonly<Record<string, string>> {
    return this.#labels;
  }

  set labels(labels: Readonly<Record<string, string>> | undefined | null) {
    this.#labels = labels ?? {};
    this.#draw();
  }

  connectedCallback(): void {
    for (const name of ["sync", "messages", "labels"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value: unknown = this[name];
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    this.#build();
    this.#translation.start();
    this.#source.start();
  }

  disconnectedCallback(): void {
    this.#translation.stop();
    this.#source.stop();
  }

  attributeChangedCallback(): void {
    this.#translation.read();
  }

  #build(): void {
    if (this.#region) return;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [toastSheet()];
    // There before its first news: what comes with its content is announced by nobody.
    this.#region = html("div", "notices");
    this.#region.part.add("notices");
    this.#region.setAttribute("role", "log");
    this.#region.setAttribute("aria-live", "polite");
    this.#region.addEventListener("focusin", ({ relatedTarget }) => {
      if (relatedTarget instanceof HTMLElement && relatedTarget !== this) this.#origin = relatedTarget;
    });
    root.append(this.#region);
  }

  #hear(event: Heard): void {
    if (event.type === "connection") this.#hearConnection(event);
    else {
      const { type, flow } = event;
      const { provider } = flow;
      const says = (icon: Icon, view: Notice["view"], action?: ActionName) => this.#put({ provider, icon, view, ...(action && { action }) });
      if (type === "completed" && flow.startedHere) says("good", ({ states }) => ({ words: states.connected }));
      else if ((type === "failed" || type === "cancelled" || type === "expired") && flow.startedHere && flow.error.code !== "cancelled_by_user") {
        const { code } = flow.error;
        says("heed", (messages) => errorView(code, messages), "retry");
      } else if (type === "started" || type === "completed" || type === "removed") this.#drop(provider);
    }
  }

  #hearConnection({ change, connection }: ConnectionEvent): void {
    const { provider, error } = connection;
    if (change === "reauth_required") {
      const view: Notice["view"] = (messages) => errorView(error?.code ?? "reconnect_required", messages, "reconnect_required");
      this.#put({ provider, icon: "heed", view, action: "connectAgain" });
    } else if (change === "refreshed" || change === "disconnected") this.#drop(provider);
  }

  /** One for each provider: what was said before is no longer so. */
  #put(notice: Notice): void {
    this.#notices.delete(notice.provider);
    this.#notices.set(notice.provider, notice);
    this.#draw();
  }

  #drop(provider: string): void {
    if (this.#notices.delete(provider)) this.#draw();
  }

  #draw(): void {
    const region = this.#region;
    const { table } = this.#translation;
    if (!region || !table) return;
    region.lang = table.lang;
    region.dir = table.dir;
    region.setAttribute("aria-label", table.notices);
    for (const [provider, { notice, element }] of this.#drawn) {
      if (this.#notices.get(provider) === notice) continue;
      this.#drawn.delete(provider);
      this.#remove(element);
    }
    for (const notice of this.#notices.values()) {
      const drawn = this.#drawn.get(notice.provider) ?? { notice, element: this.#make(notice) };
      this.#write(drawn.element, notice, table);
      if (this.#drawn.has(notice.provider)) continue;
      this.#drawn.set(notice.provider, drawn);
      region.append(drawn.element);
    }
  }

  #make(notice: Notice): HTMLElement {
    const toast = html("div", `toast ${notice.icon}`);
    toast.part.add("toast", notice.icon);
    const says = html("div", "says");
    says.append(html("div", "title"), html("div", "detail"));
    const dismiss = html("button", "dismiss");
    dismiss.append(iconOf("M5 5l10 10M15 5L5 15"));
    dismiss.addEventListener("click", () => this.#drop(notice.provider));
    toast.append(iconOf(notice.icon), says);
    if (notice.action) {
      const act = html("button", "act");
      act.addEventListener("click", () => this.#act(notice));
      toast.append(act);
    }
    toast.append(dismiss);
    for (const button of toast.querySelectorAll("button")) {
      button.type = "button";
      button.part.add("button", button.className);
    }
    toast.addEventListener("keydown", ({ key }) => key === "Escape" && this.#drop(notice.provider));
    return toast;
  }

  #write(toast: HTMLElement, { provider, view, action }: Notice, table: Messages): void {
    const { words, code } = view(table);
    const name = this.#labels[provider] ?? nameOf(provider);
    const text = (each: string) => fill(each, table, name, code);
    const { title, detail } = words;
    const put = (selector: string, content: string) => setText(toast.querySelector(selector) as Element, content);
    put(".title", title.includes("{name}") ? text(title) : `${name}: ${title}`);
    put(".detail", text(detail));
    if (action) put(".act", text(table.actions[action]));
    toast.querySelector(".dismiss")?.setAttribute("aria-label", `${table.actions.dismiss}: ${name}`);
  }

  /** Opens a window, so it runs in the click itself. */
  #act({ provider }: Notice): void {
    this.sync?.start(provider);
    this.#drop(provider);
  }

  /** Whoever works by keyboard stays among the notices, or goes back to where they came from. */
  #remove(toast: HTMLElement): void {
    const hadFocus = toast.contains(this.shadowRoot?.activeElement ?? null);
    const next = (toast.nextElementSibling ?? toast.previousElementSibling)?.querySelector<HTMLElement>(".dismiss");
    toast.remove();
    if (!hadFocus) return;
    (next ?? this.#origin)?.focus();
  }
}

const NAME = "oauth-toast";

if (globalThis.customElements && !customElements.get(NAME)) customElements.define(NAME, OAuthToast);

declare global {
  interface HTMLElementTagNameMap {
    "oauth-toast": OAuthToast;
  }
}
