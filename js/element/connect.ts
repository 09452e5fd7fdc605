/** `<oauth-connect>`: a button that connects a provider, and a few lines that say how that is going. */
import type { OAuthSync } from "../index.js";
import type { Connection, Flow, StartOptions } from "../types.js";
import { messagesFor } from "./languages.js";
import type { ActionName, Messages } from "./messages/table.js";
import { fill, nameOf } from "./names.js";
import { makeParts, type Parts, setIcon, setText } from "./parts.js";
import { keepRoom } from "./room.js";
import { type Heard, setShared, Source } from "./source.js";
import { styleSheet } from "./style.js";
import { HOUR, MINUTE, timeIn } from "./time.js";
import { Translation } from "./translation.js";
import { type ConnectState, type View, viewOf } from "./view.js";

/** On a server there are no elements; the class is then there to be imported, and nothing else. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

export class OAuthConnect extends Base {
  static readonly observedAttributes = ["provider", "label", "lang", "connected", "target"];

  /** What `setDefaultSync` does; here, so that a second copy of this file reaches the elements of the first. */
  static setDefaultSync(sync: OAuthSync | undefined): void {
    setShared(sync);
  }

  readonly #source = new Source((event) => this.#hear(event), () => this.#update());
  readonly #translation = new Translation(this, () => this.#update());
  #startOptions: StartOptions | undefined;
  #parts: Parts | undefined;
  #states: Set<string> | undefined;
  #view: View | undefined;
  /** What room is kept for. */
  #room: { readonly messages: Messages; readonly label: string } | undefined;
  /** The completed flow that has set `connected`. */
  #completedId: string | undefined;
  /** The blocked flow whose link was used. */
  #linkedId: string | undefined;
  /** The connection that has set `connected`. */
  #connectionId: string | undefined;
  #isDisconnected = false;
  #refreshing: "now" | "failed" | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The instance that it follows; without one, that of `setDefaultSync`. */
  get sync(): OAuthSync | undefined {
    return this.#source.sync;
  }

  set sync(sync: OAuthSync | undefined | null) {
    this.#source.sync = sync ?? undefined;
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
    return this.getAttribute("label") || nameOf(this.provider);
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
    return this.#translation.own;
  }

  set messages(messages: Messages | undefined | null) {
    this.#translation.own = messages ?? undefined;
  }

  /** What it shows. */
  get state(): ConnectState {
    return this.#look().state;
  }

  /** The provider's newest flow. */
  get flow(): Flow | undefined {
    return this.sync?.latest(this.provider);
  }

  /** The provider's newest connection, where the module is told of connections. */
  get connection(): Connection | undefined {
    return this.#source.connection(this.provider);
  }

  connectedCallback(): void {
    // What was set before the class was there hides its accessors.
    for (const name of ["sync", "provider", "label", "connected", "target", "messages", "startOptions"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value: unknown = this[name];
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    addEventListener("online", this.#update);
    addEventListener("offline", this.#update);
    this.#build();
    this.#translation.start();
    this.#source.start();
  }

  disconnectedCallback(): void {
    removeEventListener("online", this.#update);
    removeEventListener("offline", this.#update);
    this.#translation.stop();
    this.#source.stop();
    clearTimeout(this.#timer);
  }

  attributeChangedCallback(name: string): void {
    if (name === "lang") this.#translation.read();
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

  #hear(event: Heard): void {
    const { provider } = event.type === "connection" ? event.connection : event.flow;
    if (provider !== this.provider) return;
    if (event.type === "connection") {
      this.#isDisconnected = event.change === "disconnected";
      if (this.#refreshing === "failed") this.#refreshing = undefined;
    }
    if (event.type === "started") this.#isDisconnected = false;
    if (this.#isDisconnected) this.connected = false;
    this.#update();
    const name = `oauth-${event.type.replaceAll("_", "-")}`;
    this.dispatchEvent(new CustomEvent(name, { detail: event, bubbles: true, composed: true }));
  }

  /** Opens windows, so it runs in the click itself. */
  #act(action: ActionName | undefined): void {
    const { sync, flow, provider } = this;
    if (!sync || !action) return;
    if (action === "refresh") this.#refresh();
    else if (action === "cancel" || action === "dismiss") {
      if (flow) sync[action](flow.id);
    } else if (flow?.status === "pending" && action !== "show") {
      this.#linkedId = undefined;
      sync.retry(flow.id);
    } else {
      sync.start(provider, { target: this.target, ...this.#startOptions });
    }
    this.#update();
  }

  #refresh(): void {
    const { sync, connection } = this;
    if (!sync || !connection || this.#refreshing === "now") return;
    this.#refreshing = "now";
    const end = (state?: "failed") => {
      this.#refreshing = state;
      this.#update();
    };
    // How it went is told by the connection's state, unless the server could not be asked.
    sync.refresh(connection.id).then(() => end(), () => end("failed"));
  }

  #look(messages = this.messages ?? this.#translation.table ?? (messagesFor("en") as Messages)): View {
    const { flow, connection } = this;
    // The app has since said that the connection is gone.
    const isOver = flow?.status === "completed" && flow.id === this.#completedId && !this.connected;
    return viewOf(
      {
        flow: isOver ? undefined : flow,
        connection,
        isConnected: this.connected,
        isDisconnected: this.#isDisconnected,
        refreshing: this.#refreshing,
        isOnline: navigator.onLine !== false,
        isFollowed: flow !== undefined && flow.id === this.#linkedId,
        trouble: this.#source.trouble,
      },
      messages,
    );
  }

  readonly #update = (): void => {
    clearTimeout(this.#timer);
    const parts = this.#parts;
    const { table } = this.#translation;
    if (!parts || !table || !this.isConnected) return;
    const { flow, connection } = this;
    if (connection?.id !== this.#connectionId) {
      this.#connectionId = connection?.id;
      this.connected = connection !== undefined;
    }
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
    setText(parts.ownDetail, isConnected ? this.#fill(view.words.detail) : "");
    const time = view.hasTimeLeft ? this.#timeLeft(table) : "";
    setText(parts.time, isConnected ? "" : time);
    setText(parts.ownTime, isConnected ? time : "");
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
    try {
      this.#states?.clear();
      this.#states?.add(state);
    } catch {
      // Chrome before 125 takes no name without two dashes; there are the names of the base part.
      this.#states = undefined;
    }
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

  readonly #fill = (text: string, code = this.#view?.code): string => fill(text, this.#translation.table as Messages, this.label, code);

  /** Once for each table and name. */
  #keepRoom(messages: Messages): void {
    const { label } = this;
    if (this.#room?.messages === messages && this.#room.label === label) return;
    this.#room = { messages, label };
    keepRoom(this.#parts as Parts, { messages, times: [timeIn(messages, HOUR), messages.lastMinute], fill: this.#fill });
  }

  /** Wakes when there is a minute less. */
  #timeLeft(messages: Messages): string {
    const { expiresAt = 0 } = (this.#view?.state === "connected" ? this.connection : this.flow) ?? {};
    const left = Math.max(0, expiresAt - Date.now());
    this.#timer = setTimeout(this.#update, (left % MINUTE) + 50);
    return timeIn(messages, left);
  }

  #controls(): HTMLElement[] {
    return this.#parts ? [this.#parts.primary, this.#parts.link, this.#parts.secondary] : [];
  }
}
