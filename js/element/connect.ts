/** `<oauth-connect>`: a button that connects a provider, and a few lines that say how that is going. */
import type { OAuthSync } from "../index.js";
import type { Flow, OAuthSyncEvent, StartOptions } from "../types.js";
import { languageOf, messagesFor } from "./languages.js";
import type { ActionName, Messages } from "./messages/table.js";
import { makeParts, type Parts, setIcon, setText } from "./parts.js";
import { keepRoom } from "./room.js";
import { styleSheet } from "./style.js";
import { type ConnectState, type View, viewOf } from "./view.js";

/** What a `sync` is used for here, so that one of any set of providers will do. */
type Sync = OAuthSync;

/** On a server there are no elements; the class is then there to be imported, and nothing else. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WELL_KNOWN: Readonly<Record<string, string>> = {
  atlassian: "Atlassian",
  github: "GitHub",
  gitlab: "GitLab",
  google: "Google",
  microsoft: "Microsoft",
  slack: "Slack",
};

let shared: Sync | undefined;
const present = new Set<OAuthConnect>();

export class OAuthConnect extends Base {
  static readonly observedAttributes = ["provider", "label", "lang", "connected", "target"];

  /** What `setDefaultSync` does; here, so that a second copy of this file reaches the elements of the first. */
  static setDefaultSync(sync: OAuthSync | undefined): void {
    shared = sync;
    for (const element of present) element.#follow();
  }

  #sync: Sync | undefined;
  #startOptions: StartOptions | undefined;
  #messages: Messages | undefined;
  /** The table of the page's language. */
  #table: Messages | undefined;
  #followed: Sync | undefined;
  #unsubscribe: (() => void) | undefined;
  #trouble: string | undefined;
  #parts: Parts | undefined;
  #states: Set<string> | undefined;
  #view: View | undefined;
  /** What room is kept for. */
  #room: { readonly messages: Messages; readonly label: string } | undefined;
  /** The completed flow that has set `connected`. */
  #completedId: string | undefined;
  /** The blocked flow whose link was used. */
  #linkedId: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #language: MutationObserver | undefined;

  /** The instance that it follows; without one, that of `setDefaultSync`. */
  get sync(): OAuthSync | undefined {
    return this.#sync ?? shared;
  }

  set sync(sync: OAuthSync | undefined | null) {
    this.#sync = sync ?? undefined;
    this.#follow();
  }

  /** The provider's id, as `start` takes it. */
  get provider(): string {
    return this.getAttribute("provider") ?? "";
  }

  set provider(provider: string) {
    this.setAttribute("provider", provider);
  }

  /** The provider's name, as people know it. */
  get label(): string {
    const { provider } = this;
    return this.getAttribute("label") || (Object.hasOwn(WELL_KNOWN, provider) && WELL_KNOWN[provider]) || provider;
  }

  set label(label: string) {
    this.setAttribute("label", label);
  }

  /** There is a connection. The app says so from what its back end knows; a flow that completes says so too. */
  get connected(): boolean {
    return this.hasAttribute("connected");
  }

  set connected(connected: boolean) {
    this.toggleAttribute("connected", connected);
  }

  /** Where the provider's pages open: `popup` (default), `tab` or `redirect`. */
  get target(): "popup" | "tab" | "redirect" {
    const target = this.getAttribute("target");
    return target === "tab" || target === "redirect" ? target : "popup";
  }

  set target(target: "popup" | "tab" | "redirect") {
    this.setAttribute("target", target);
  }

  /** What `start` is given besides: `appState`, `url`, `returnTo`. */
  get startOptions(): StartOptions | undefined {
    return this.#startOptions;
  }

  set startOptions(options: StartOptions | undefined | null) {
    this.#startOptions = options ?? undefined;
  }

  /** A table of your own, in place of that of the page's language. */
  get messages(): Messages | undefined {
    return this.#messages;
  }

  set messages(messages: Messages | undefined | null) {
    this.#messages = messages ?? undefined;
    this.#translate();
  }

  /** What it shows. */
  get state(): ConnectState {
    return this.#look().state;
  }

  /** The provider's newest flow. */
  get flow(): Flow | undefined {
    return this.sync?.latest(this.provider);
  }

  connectedCallback(): void {
    // What was set before the class was there hides its accessors.
    for (const name of ["sync", "provider", "label", "connected", "target", "messages", "startOptions"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value: unknown = this[name];
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    present.add(this);
    addEventListener("online", this.#update);
    addEventListener("offline", this.#update);
    this.#language = new MutationObserver(() => this.#translate());
    this.#language.observe(document.documentElement, { attributeFilter: ["lang"] });
    this.#build();
    this.#translate();
    this.#follow();
  }

  disconnectedCallback(): void {
    present.delete(this);
    removeEventListener("online", this.#update);
    removeEventListener("offline", this.#update);
    this.#language?.disconnect();
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
    this.#unsubscribe = this.#followed = undefined;
  }

  attributeChangedCallback(name: string): void {
    if (name === "lang") this.#translate();
    else this.#update();
  }

  /** The control that goes on from here. */
  override focus(options?: FocusOptions): void {
    this.#controls().find(({ hidden }) => !hidden)?.focus(options);
  }

  #build(): void {
    if (this.#parts) return;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styleSheet()];
    this.#parts = makeParts(root);
    const { primary, secondary, link, base } = this.#parts;
    primary.addEventListener("click", () => this.#view?.isResting || this.#act(this.#view?.primary));
    secondary.addEventListener("click", () => this.#act(this.#view?.secondary));
    link.addEventListener("click", () => {
      this.#linkedId = this.flow?.id;
      // The browser follows the link once its listeners are done, so it has to stand until then.
      setTimeout(this.#update);
    });
    base.addEventListener("blur", () => base.removeAttribute("tabindex"));
    try {
      this.#states = this.attachInternals().states;
    } catch {
      // An older browser; there are the names of the base part.
    }
  }

  #follow(): void {
    const { sync } = this;
    if (!this.isConnected || this.#followed === sync) {
      this.#update();
      return;
    }
    this.#unsubscribe?.();
    this.#followed = sync;
    this.#trouble = undefined;
    this.#unsubscribe = sync?.subscribe((event) => this.#hear(event));
    sync?.ready.then(this.#update, (error: { code?: string }) => {
      // A closed instance is the app's own doing.
      if (this.#followed !== sync || error.code === "closed") return;
      this.#trouble = error.code ?? "unknown";
      this.#update();
    });
    this.#update();
  }

  #hear(event: OAuthSyncEvent): void {
    if (event.flow.provider !== this.provider) return;
    this.#update();
    const name = `oauth-${event.type.replaceAll("_", "-")}`;
    this.dispatchEvent(new CustomEvent(name, { detail: event, bubbles: true, composed: true }));
  }

  /** Opens windows, so it runs in the click itself. */
  #act(action: ActionName | undefined): void {
    const { sync, flow, provider } = this;
    if (!sync || !action) return;
    if (action === "cancel" || action === "dismiss") {
      if (flow) sync[action](flow.id);
    } else if (flow?.status === "pending" && action !== "show") {
      this.#linkedId = undefined;
      sync.retry(flow.id);
    } else {
      sync.start(provider, { target: this.target, ...this.#startOptions });
    }
    this.#update();
  }

  #translate(): void {
    if (!this.isConnected) return;
    const language = languageOf(this);
    const found = this.#messages ?? messagesFor(language);
    if (!(found instanceof Promise)) {
      this.#table = found;
      this.#update();
      return;
    }
    found.then((table) => {
      // Another language may have been asked for meanwhile.
      if (this.#messages || languageOf(this) !== language) return;
      this.#table = table;
      this.#update();
    });
  }

  #look(messages = this.#messages ?? this.#table ?? (messagesFor("en") as Messages)): View {
    const { flow } = this;
    // The app has since said that the connection is gone.
    const isOver = flow?.status === "completed" && flow.id === this.#completedId && !this.connected;
    return viewOf(
      {
        flow: isOver ? undefined : flow,
        isConnected: this.connected,
        isOnline: navigator.onLine !== false,
        isFollowed: flow !== undefined && flow.id === this.#linkedId,
        trouble: this.#trouble,
      },
      messages,
    );
  }

  readonly #update = (): void => {
    clearTimeout(this.#timer);
    const parts = this.#parts;
    const table = this.#table;
    // Its language is on the way: nothing is better than a flash of another.
    if (!parts || !table || !this.isConnected) return;
    const { flow } = this;
    if (flow?.status === "completed" && flow.id !== this.#completedId) {
      this.#completedId = flow.id;
      this.connected = true;
    }
    const before = this.#view;
    const view = this.#look(table);
    this.#view = view;
    const focused = this.#controls().find((control) => control === this.shadowRoot?.activeElement);

    parts.base.lang = table.lang;
    parts.base.dir = table.dir;
    parts.base.setAttribute("aria-label", this.label);
    if (before?.state !== view.state) this.#enter(view, before);
    this.#keepRoom(table);
    setIcon(parts, view.icon);
    setText(parts.name, `${this.label}: `);
    setText(parts.title, this.#fill(view.words.title));
    const isConnected = view.state === "connected";
    setText(parts.detail, isConnected ? "" : this.#fill(view.words.detail));
    setText(parts.whose, isConnected ? this.#fill(view.words.detail) : "");
    setText(parts.time, view.hasTimeLeft ? this.#timeLeft(table) : "");
    this.#showActions(parts, view, table);
    if (focused?.hidden) {
      // Not the next control: what was meant for the one that has gone would land there.
      parts.base.tabIndex = -1;
      parts.base.focus();
    }
    if (!before) requestAnimationFrame(() => parts.report.setAttribute("aria-live", "polite"));
  };

  #enter({ state, icon }: View, before: View | undefined): void {
    const { base } = this.#parts as Parts;
    base.className = `base ${icon} ${state}`;
    base.setAttribute("part", `base ${state}`);
    // Only what has just come about is shown to come about.
    if (state === "connected" && before && before.state !== "idle") base.classList.add("fresh");
    this.#states?.clear();
    this.#states?.add(state);
  }

  #showActions({ primary, label, act, link, secondary }: Parts, view: View, { actions }: Messages): void {
    const isIdle = view.primary === "connect";
    setText(label, isIdle ? this.#fill(actions.connect) : "");
    label.hidden = !isIdle;
    const words = view.primary && this.#fill(actions[view.primary]);
    setText(act, isIdle ? "" : words ?? "");
    primary.hidden = words === undefined || view.href !== undefined;
    // Not `disabled`, which would take the focus from whoever is there.
    if (view.isResting) primary.setAttribute("aria-disabled", "true");
    else primary.removeAttribute("aria-disabled");
    primary.disabled = !this.sync;
    link.hidden = view.href === undefined;
    setText(link, link.hidden ? "" : words ?? "");
    if (view.href === undefined) link.removeAttribute("href");
    else link.href = view.href;
    secondary.hidden = view.secondary === undefined;
    secondary.disabled = !this.sync;
    setText(secondary, view.secondary ? actions[view.secondary] : "");
  }

  readonly #fill = (text: string, code = this.#view?.code ?? ""): string => {
    const { dir } = this.#table as Messages;
    // A name in another script than the sentence keeps its own direction and its place.
    const isolate = (value: string) => (dir === "rtl" ? `\u2068${value}\u2069` : value);
    return text.replaceAll("{name}", () => isolate(this.label)).replaceAll("{code}", () => isolate(code));
  };

  /** Once for each table and name. */
  #keepRoom(messages: Messages): void {
    const { label } = this;
    if (this.#room?.messages === messages && this.#room.label === label) return;
    this.#room = { messages, label };
    keepRoom(this.#parts as Parts, { messages, times: [timeIn(messages, HOUR), messages.lastMinute], fill: this.#fill });
  }

  /** Wakes when there is a minute less. */
  #timeLeft(messages: Messages): string {
    const left = Math.max(0, (this.flow?.expiresAt ?? 0) - Date.now());
    this.#timer = setTimeout(this.#update, (left % MINUTE) + 50);
    return timeIn(messages, left);
  }

  #controls(): HTMLElement[] {
    return this.#parts ? [this.#parts.primary, this.#parts.link, this.#parts.secondary] : [];
  }
}

/** In minutes. */
function timeIn({ lang, timeLeft, lastMinute }: Messages, left: number): string {
  const minutes = Math.floor(left / MINUTE);
  if (minutes < 1) return lastMinute;
  const time = new Intl.NumberFormat(lang, { style: "unit", unit: "minute" }).format(minutes);
  return timeLeft.replace("{time}", () => time);
}
