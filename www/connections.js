import { setDefaultSync } from "/oauth-sync/element/index.js";
import "/oauth-sync/element/toast.js";
import { serviceNames, serviceOf, toolName } from "./services.js";
import { sync } from "./sync.js";
import { ago, until } from "./times.js";

const CONNECTIONS = "/oauth/connections";

const list = document.querySelector(".connections");
const bar = document.querySelector(".bar");
const validate = document.querySelector("#validate");
const validated = document.querySelector("#validated");
/** By the connection's id: what is on the page, also of connections that have just ended. */
const cards = new Map();

sync.subscribe(show, { connections: true });
document.querySelector("oauth-toast").labels = serviceNames;
setDefaultSync(sync);
validate.addEventListener("click", validateAll);
sync.ready.then(show, tellTrouble);
// A countdown is for those who look at it.
setInterval(() => document.hidden || showTimes(), 1000);
document.addEventListener("visibilitychange", () => document.hidden || showTimes());
tellWhy(new URLSearchParams(location.search).get("from"));

function show() {
  const connections = sync.connections();
  for (const connection of connections) {
    let card = cards.get(connection.id);
    // Made again, it is no longer the one that has ended.
    if (card?.isOver) {
      card.element.remove();
      card = undefined;
    }
    card ??= addCard(connection);
    card.connection = connection;
    showFacts(card);
  }
  for (const card of cards.values()) {
    if (!connections.some(({ id }) => id === card.connection.id)) showEnd(card);
  }
  bar.hidden = connections.length === 0;
  document.querySelector("#empty").hidden = cards.size > 0;
}

function addCard(connection) {
  const element = document.querySelector("#connection").content.firstElementChild.cloneNode(true);
  const { name, monogram } = serviceOf(connection.provider);
  const heading = element.querySelector("h2");
  heading.textContent = name;
  heading.id = `connection-${connection.id}`;
  element.querySelector(".actions").setAttribute("aria-labelledby", heading.id);
  element.querySelector(".monogram").textContent = monogram;
  const connect = element.querySelector("oauth-connect");
  connect.provider = connection.provider;
  connect.label = name;
  const fact = (key) => element.querySelector(`[data-fact="${key}"]`);
  const act = (key) => element.querySelector(`[data-act="${key}"]`);
  const card = {
    element,
    connection,
    facts: { scopes: fact("scopes"), age: fact("age"), expiry: fact("expiry"), refresh: fact("refresh"), validity: fact("validity"), error: fact("error") },
    refresh: act("refresh"),
    disconnect: act("disconnect"),
    outcome: element.querySelector("[data-part=outcome]"),
  };
  card.refresh.addEventListener("click", () => working(card.refresh, () => refresh(card)));
  card.disconnect.addEventListener("click", () => working(card.disconnect, () => disconnect(card)));
  cards.set(connection.id, card);
  list.append(element);
  return card;
}

function showFacts(card) {
  const { element, connection, facts } = card;
  const chips = connection.tools.map((tool) => Object.assign(document.createElement("li"), { className: "chip on", textContent: toolName(tool) }));
  const tools = element.querySelector(".chips");
  if (tools.textContent !== chips.map(({ textContent }) => textContent).join("")) tools.replaceChildren(...chips);
  element.dataset.state = connection.state;
  setText(facts.scopes, connection.scopes.join(", ") || "None named");
  setText(facts.error, connection.error ? `${connection.error.message} (${connection.error.code})` : "None");
  facts.error.classList.toggle("heed", connection.error !== undefined);
  // In any other state the element above says what helps.
  card.refresh.hidden = !connection.refreshable || connection.state !== "active";
  showTimes();
}

function showTimes() {
  const now = Date.now();
  for (const { connection, facts, isOver } of cards.values()) {
    if (isOver) continue;
    const { connectedAt, expiresAt, refreshedAt, refreshable, state } = connection;
    setText(facts.age, ago(connectedAt, now));
    facts.age.title = new Date(connectedAt).toLocaleString("en");
    setText(facts.expiry, expiresAt === undefined ? "Never" : `${until(expiresAt, now)}${refreshable ? "" : ", and cannot be refreshed"}`);
    const last = refreshedAt === undefined ? "Not yet" : `${ago(refreshedAt, now)}, worked`;
    setText(facts.refresh, state === "refresh_failed" || state === "reauth_required" ? `Did not work${refreshedAt === undefined ? "" : `; before that ${ago(refreshedAt, now)}`}` : last);
  }
}

/** The end stays in sight until the page is left: who disconnected elsewhere has not seen how it went. */
function showEnd(card) {
  if (card.isOver) return;
  card.isOver = true;
  card.element.classList.add("over");
  card.element.dataset.state = "disconnected";
  // The one that was pressed has the focus, and keeps it where there is something to read.
  card.outcome.tabIndex = -1;
  if (card.element.contains(document.activeElement)) card.outcome.focus();
  for (const each of [card.refresh, card.disconnect, card.element.querySelector("dl")]) each.hidden = true;
  if (card.outcome.textContent === "") setText(card.outcome, "Disconnected elsewhere.");
}

async function refresh(card) {
  setText(card.outcome, "");
  try {
    await sync.refresh(card.connection.id);
    setText(card.outcome, "Refreshed.");
  } catch (error) {
    const texts = {
      refresh_failed: "That did not work this time. It will be tried again.",
      reconnect_required: "The provider wants you to connect again.",
      removed: "This connection is gone.",
    };
    setText(card.outcome, texts[error.code] ?? "That did not work.");
  }
}

async function disconnect(card) {
  const { id, provider } = card.connection;
  const { name } = serviceOf(provider);
  setText(card.outcome, "");
  const reply = await post(`${CONNECTIONS}/${encodeURIComponent(id)}/disconnect`);
  if (reply === undefined) {
    setText(card.outcome, "That did not work. Check your internet connection and try again.");
    return;
  }
  const texts = {
    revoked: `Disconnected, and ${name} has revoked the access.`,
    queued: `Disconnected. ${name} could not be told yet; it will be, until it has revoked the access.`,
    none: `Disconnected. ${name} has no way to be told, so remove the access in your account there, too.`,
  };
  setText(card.outcome, texts[reply.revocation] ?? "Disconnected.");
  showEnd(card);
}

async function validateAll() {
  await working(validate, async () => {
    setText(validated, "Asking the providers…");
    const reply = await post(`${CONNECTIONS}/validate`);
    if (reply === undefined) {
      setText(validated, "That did not work. Check your internet connection and try again.");
      return;
    }
    const texts = { valid: "Valid", invalid: "Not accepted", unknown: "No answer" };
    for (const { id, validity } of reply.connections) {
      const card = cards.get(id);
      if (!card) continue;
      setText(card.facts.validity, texts[validity] ?? texts.unknown);
      card.facts.validity.classList.toggle("heed", validity !== "valid");
    }
    const count = (which) => reply.connections.filter(({ validity }) => validity === which).length;
    setText(validated, `${count("valid")} valid, ${count("invalid")} not accepted, ${count("unknown")} without an answer.`);
  });
}

/** What a request that changes something answers, or nothing where it did not work. */
async function post(url) {
  try {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

/** Not `disabled`, which would take the focus away from whoever is there. */
async function working(button, work) {
  if (button.hasAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  await work();
  button.removeAttribute("aria-disabled");
}

function tellWhy(from) {
  if (from !== "onboarding") return;
  const link = Object.assign(document.createElement("a"), { href: "/onboarding.html", textContent: "Set up again" });
  tell("You came back after more than 15 minutes, so setting up did not go on where you had left it. What you have connected is here. ", link, ".");
}

function tellTrouble(error) {
  tell(`A part of this page could not be loaded. Check your internet connection, then reload it. (${error.code})`);
}

function tell(...content) {
  const word = document.querySelector("#word");
  word.className = "word";
  word.replaceChildren(...content);
}

/** A live region announces every write, so write only what differs. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
