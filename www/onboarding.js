import { setDefaultSync } from "/oauth-sync/element/index.js";
import { mode, onMode } from "./mode.js";
import { sync } from "./sync.js";

/** Whoever comes back from a provider later than this has most likely forgotten what the page was about. */
const COME_BACK_WITHIN = 15 * 60 * 1000;
const STEPS = ["choose", "connect", "done"];

const elements = [...document.querySelectorAll("oauth-connect")];
const form = document.querySelector("#choices");
const next = document.querySelector("#next");
const need = document.querySelector("#need");
let { step, chosen } = readDraft(history.state);

sync.subscribe(show, { connections: true });
setDefaultSync(sync);
form.addEventListener("change", () => {
  chosen = new FormData(form).getAll("tool");
  keepDraft("replaceState");
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  goTo("connect");
});
next.addEventListener("click", () => {
  if (connected().length > 0) goTo("done");
  // Said again, and so announced again.
  else need.classList.add("asked");
});
for (const back of document.querySelectorAll(".back")) back.addEventListener("click", () => history.back());
addEventListener("popstate", ({ state }) => {
  ({ step, chosen } = readDraft(state));
  show();
  focusOnStep();
});
onMode(prepareStart);

const isReturn = new URLSearchParams(location.search).has("resume");
if (!isReturn) show();
sync.ready.then(isReturn ? comeBack : show, show);

/** From a provider, by redirect: with the step and what was chosen, if it did not take too long. */
function comeBack() {
  const flow = sync.flows().find((each) => each.startedHere && each.appState?.onboarding);
  const isInTime = flow !== undefined && Date.now() - flow.startedAt <= COME_BACK_WITHIN;
  if (!isInTime) {
    location.replace("/connections.html?from=onboarding");
    return;
  }
  ({ step, chosen } = readDraft(flow.appState.onboarding));
  const url = new URL(location.href);
  url.searchParams.delete("resume");
  history.replaceState({ step, chosen }, "", url);
  show();
}

/** What is kept was written by this page, but perhaps by an older one. */
function readDraft(draft) {
  const isStep = STEPS.includes(draft?.step);
  return { step: isStep ? draft.step : "choose", chosen: Array.isArray(draft?.chosen) ? draft.chosen : [] };
}

function keepDraft(method) {
  history[method]({ step, chosen }, "");
  prepareStart();
}

/** What every start carries: where it comes back to, and what is to be there again. */
function prepareStart() {
  const url = new URL(location.href);
  url.searchParams.set("resume", "1");
  for (const element of elements) {
    element.target = mode();
    element.startOptions = { returnTo: url.href, appState: { onboarding: { step: "connect", chosen } } };
  }
}

function goTo(name) {
  step = name;
  keepDraft("pushState");
  show();
  focusOnStep();
}

function focusOnStep() {
  scrollTo(0, 0);
  document.querySelector(`[data-step="${step}"] h1`).focus();
}

function connected() {
  // The state says it first; while one is connected again, only the attribute does.
  return elements.filter((element) => element.connected || element.state === "connected");
}

function show() {
  prepareStart();
  // Nobody has got past the second step without a connection, whatever an address or the browser's history says.
  if (step === "done" && connected().length === 0) step = "connect";
  for (const section of document.querySelectorAll("[data-step]")) section.hidden = section.dataset.step !== step;
  for (const item of document.querySelectorAll("[data-progress]")) {
    if (item.dataset.progress === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    item.classList.toggle("past", STEPS.indexOf(item.dataset.progress) < STEPS.indexOf(step));
  }
  for (const box of form.elements.tool) box.checked = chosen.includes(box.value);
  const ready = connected();
  for (const element of elements) showTools(element, ready);
  if (ready.length > 0) next.removeAttribute("aria-disabled");
  else next.setAttribute("aria-disabled", "true");
  if (ready.length > 0) need.classList.remove("asked");
  setText(need, ready.length > 0 ? "" : "Connect at least one of them to go on.");
  document.querySelector("#connected").replaceChildren(...ready.flatMap(toolsOf).map((tool) => tool.cloneNode(true)));
}

/** Chips: chosen, and connected: the tools that the server named, or all where it named none. */
function showTools(element, ready) {
  const named = new Set(element.flow?.integrations?.map(({ tool }) => tool));
  for (const chip of toolsOf(element)) {
    const { tool } = chip.dataset;
    chip.classList.toggle("chosen", chosen.includes(tool));
    chip.classList.toggle("on", ready.includes(element) && (named.size === 0 || named.has(tool)));
  }
}

function toolsOf(element) {
  return [...element.closest(".service").querySelectorAll(".chip")];
}

/** A live region announces every write, so write only what differs. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
