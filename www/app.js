import { mode } from "./mode.js";
import { sync } from "./sync.js";

const cards = [...document.querySelectorAll(".card")].map(cardFrom);

sync.subscribe((event) => {
  const { provider } = event.type === "connection" ? event.connection : event.flow;
  for (const card of cards) if (card.provider === provider) show(card);
}, { connections: true });
sync.ready.then(() => cards.forEach(show), (error) => {
  tellTrouble(error);
  // A window would still open, but nobody here would hear what became of it.
  for (const { go } of cards) go.disabled = true;
});

/** The parts of a card that change, and its two buttons wired to whatever its present view says they do. */
function cardFrom(element) {
  const part = (name) => element.querySelector(`[data-part="${name}"]`);
  const card = {
    element,
    provider: element.dataset.provider,
    tools: [...element.querySelectorAll("[data-tool]")],
    icon: part("icon"),
    title: part("title"),
    detail: part("detail"),
    go: part("go"),
    link: part("link"),
    leave: part("leave"),
    view: { go: { act: connect } },
    // The flow whose link, in place of a blocked window, was used.
    followedId: undefined,
  };
  for (const name of ["go", "leave"]) {
    card[name].addEventListener("click", () => {
      card.followedId = undefined;
      try {
        card.view[name].act(card.provider, card.view.flow);
      } catch (error) {
        tellTrouble(error);
      }
    });
  }
  card.link.addEventListener("click", () => {
    card.followedId = card.view.flow.id;
    // The browser follows the link once its listeners are done, so it has to stand until then.
    setTimeout(() => show(card));
  });
  return card;
}

function show(card) {
  const view = viewOf(card.provider, card.followedId);
  const focused = [card.go, card.link, card.leave].find((control) => control === document.activeElement);
  card.view = view;
  card.element.dataset.state = view.state;
  card.icon.setAttribute("href", `#icon-${view.icon}`);
  // A live region announces every write, so write only what differs.
  setText(card.title, view.title);
  setText(card.detail, view.detail ?? "");
  for (const tool of card.tools) tool.classList.toggle("on", view.isOn?.(tool.dataset.tool) ?? false);
  setAction(card.go, view.go);
  setAction(card.leave, view.leave);
  card.go.classList.toggle("primary", view.go?.quiet !== true);
  card.link.hidden = view.href === undefined;
  if (view.href === undefined) card.link.removeAttribute("href");
  else card.link.href = view.href;
  // The control that was pressed may be gone; whoever works by keyboard stays in the card.
  if (focused?.hidden) [card.link, card.go, card.leave].find(({ hidden }) => !hidden)?.focus();
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setAction(button, action) {
  button.hidden = action === undefined;
  if (action !== undefined) setText(button, action.label);
}

// Actions. `start` and `retry` open a window, so they are called in the click itself.

function connect(provider) {
  sync.start(provider, startOptions());
}

function reopen(_provider, flow) {
  sync.retry(flow.id);
}

function cancel(_provider, flow) {
  sync.cancel(flow.id);
}

function dismiss(_provider, flow) {
  sync.dismiss(flow.id);
}

function startOptions() {
  return mode() === "redirect" ? { target: "redirect", returnTo: location.href } : { target: mode() };
}

// Views: what a card says and offers, for each state of the provider's newest flow.

function viewOf(provider, followedId) {
  const flow = sync.latest(provider);
  const connection = sync.connections().find((each) => each.provider === provider);
  if (connection?.state === "reauth_required" && flow?.status !== "pending") return { flow, ...reconnectView(connection) };
  if (flow === undefined && connection !== undefined) return { ...connectedView(), isOn: toolsOf(connection) };
  if (flow === undefined) return { state: "none", icon: "none", title: "Not connected", go: { label: "Connect", act: connect } };
  if (flow.status === "pending") return { flow, ...pendingView(flow, flow.id === followedId), isOn: toolsOf(connection) };
  if (flow.status === "completed") return { flow, ...connectedView(), isOn: toolsOf(connection ?? { tools: flow.integrations?.map(({ tool }) => tool) }) };
  return { flow, ...unsuccessfulView(flow, connection), isOn: toolsOf(connection) };
}

function pendingView(flow, isFollowed) {
  const leave = { label: "Cancel", act: cancel };
  const openAgain = { label: "Open again", act: reopen };
  const waiting = { state: "pending", icon: "wait", leave };
  const heeding = { state: "heed", icon: "heed", leave };

  if (flow.stage === "confirming") {
    return { ...waiting, title: "Confirming…", detail: "The service has answered. One moment." };
  }
  if (flow.window === "blocked" && !isFollowed) {
    const detail = `Your browser blocked the window. ${flow.href === undefined ? "One moment…" : "This link opens it."}`;
    return { ...heeding, title: "Popup blocked", detail, href: flow.href };
  }
  if (flow.error !== undefined) {
    return { ...heeding, title: "This may not have worked", detail: flow.error.message, go: { label: "Try again", act: reopen } };
  }
  if (flow.window === "closed") {
    const detail = "If you had finished, the answer will still show up here.";
    return { ...heeding, title: "The window was closed", detail, go: openAgain };
  }
  if (flow.stage === "overdue") {
    const detail = "Try again, or finish in the other window: both count.";
    return { ...heeding, title: "No answer so far", detail, go: { label: "Try again", act: reopen } };
  }
  const isOpenHere = flow.window === "open";
  // To open a window again that is still there would take the person back to the start.
  const go = isOpenHere ? { label: "Show window", act: connect, quiet: true } : { ...openAgain, quiet: true };
  if (flow.stage === "slow") {
    const detail = isOpenHere ? "Take your time in the window that opened." : "Take your time, or open the window again.";
    return { ...waiting, title: "Still waiting…", detail, go };
  }
  const detail = isOpenHere || flow.stage === "opening" ? "Finish in the window that opened." : "Finish in the other window, or open it again.";
  return { ...waiting, title: "Waiting for authorization…", detail, go };
}

function connectedView() {
  return { state: "connected", icon: "check", title: "Connected", detail: "Ready to use.", go: { label: "Connect again", act: connect, quiet: true } };
}

function reconnectView({ error }) {
  return { state: "heed", icon: "heed", title: "Connect again", detail: error?.message, go: { label: "Connect again", act: connect } };
}

function unsuccessfulView(flow, connection) {
  return {
    state: "heed",
    icon: "heed",
    ...(connection === undefined ? wordsFor(flow) : { title: "Still connected, as before", detail: flow.error.message }),
    go: { label: "Try again", act: connect },
    leave: { label: "Dismiss", act: dismiss },
  };
}

function wordsFor({ status, error: { code, message } }) {
  if (code === "access_denied") return { title: "Access was denied", detail: "Nothing was connected. If that was not meant, try again." };
  if (status === "cancelled") return { title: "Cancelled", detail: message };
  return { title: status === "expired" ? "The time ran out" : "That did not work", detail: message };
}

/** Which of a card's tools a connection covers: those the server named, or all where it named none of them. */
function toolsOf(connection) {
  if (connection === undefined) return () => false;
  const named = new Set(connection.tools);
  return (tool) => named.size === 0 || named.has(tool);
}

/** What keeps this page from doing its work, in words for a person and the code for whoever must mend it. */
function tellTrouble(error) {
  const texts = {
    wasm_blocked: "This site’s security settings keep the page from following connections.",
    wasm_unreachable: "A part of this page could not be loaded. Check your connection, then reload.",
    wasm_mismatch: "This page was updated. Reload it to go on.",
  };
  const box = document.querySelector("#trouble");
  box.className = "trouble";
  box.textContent = `${texts[error.code] ?? "Something on this page went wrong. Reload it to go on."} (${error.code ?? error.name})`;
}
