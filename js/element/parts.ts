/** The element's inner tree. Made by calls, not from markup, which pages with trusted types forbid. */
import type { Icon } from "./view.js";

export interface Parts {
  readonly base: HTMLElement;
  readonly report: HTMLElement;
  readonly shape: SVGPathElement;
  readonly mark: SVGPathElement;
  readonly name: HTMLElement;
  readonly title: HTMLElement;
  readonly time: HTMLElement;
  readonly detail: HTMLElement;
  /** Holds the app's words for a connection, in a place of its own: their size counts in every state. */
  readonly own: HTMLElement;
  /** What is said of a connection where the app says nothing itself. */
  readonly ownDetail: HTMLElement;
  readonly ownTime: HTMLElement;
  readonly help: HTMLElement;
  /** What is said, and the room for what else may be. */
  readonly says: HTMLElement;
  /** What can be pressed, likewise. */
  readonly actions: HTMLElement;
  readonly primary: HTMLButtonElement;
  /** Stands in for the first button's text while nothing is under way. */
  readonly label: HTMLSlotElement;
  readonly act: HTMLElement;
  readonly link: HTMLAnchorElement;
  readonly secondary: HTMLButtonElement;
}

const RING = "M10 2.75a7.25 7.25 0 1 1 0 14.5a7.25 7.25 0 1 1 0-14.5";
/** An outline that may turn, and what is drawn in it. */
const SHAPES: Readonly<Record<Icon, readonly [string, string]>> = {
  none: [RING, ""],
  busy: ["M10 2.75a7.25 7.25 0 1 1-7.25 7.25", ""],
  good: ["", "m4.5 10.5 3.75 3.75 7.5-8"],
  heed: [RING, "M10 6v4.5M10 13.6v.1"],
};

export function makeParts(root: ShadowRoot): Parts {
  const shape = svg("path", "turns");
  const mark = svg("path", "mark");
  const icon = drawing(shape, mark);

  const name = html("span", "name");
  const title = html("span", "title");
  title.part.add("title");
  const time = html("span", "time");
  time.part.add("time");
  // Each minute that passes is not worth a word.
  time.setAttribute("aria-live", "off");
  const line = html("div", "line");
  line.append(name, title);
  const detail = html("span", "detail");
  const whose = slot("connected");
  const details = html("div", "details");
  details.part.add("detail");
  details.append(detail, " ", time);
  const words = html("div", "words");
  words.append(line, details);
  const own = html("div", "own");
  const owned = html("div", "details");
  owned.part.add("detail");
  const ownTime = html("span", "time");
  ownTime.part.add("time");
  ownTime.setAttribute("aria-live", "off");
  const ownDetail = html("span", "detail");
  whose.append(ownDetail, " ", ownTime);
  owned.append(whose);
  own.append(owned);
  const help = html("div", "help");
  help.append(slot("help"));
  const says = html("div", "says");
  says.append(words, own, help);
  const report = html("div", "report");
  report.part.add("status");
  report.setAttribute("role", "status");
  report.setAttribute("aria-atomic", "true");
  // What is there at first is the page's content, not news.
  report.setAttribute("aria-live", "off");
  report.append(icon, says);

  const label = slot("label");
  const act = html("span", "act");
  const primary = html("button", "primary");
  primary.part.add("button", "primary");
  primary.type = "button";
  primary.append(label, act);
  const link = html("a", "primary");
  link.target = "_blank";
  // Without it, Safari tells the server that another site sends the person, and the server asks whether that is meant.
  link.rel = "opener";
  link.part.add("link", "primary");
  const secondary = html("button", "secondary");
  secondary.part.add("button", "secondary");
  secondary.type = "button";
  const buttons = html("div", "buttons");
  buttons.append(primary, link, secondary);
  const actions = html("div", "actions");
  actions.part.add("actions");
  actions.append(buttons);

  const base = html("div", "base");
  base.setAttribute("role", "group");
  base.append(slot("start"), report, actions);
  root.append(base);
  return { base, report, shape, mark, name, title, time, detail, own, ownDetail, ownTime, help, says, actions, primary, label, act, link, secondary };
}

/** An icon that stays as it is: one of a view, or a path. */
export function iconOf(icon: Icon | (string & {})): SVGSVGElement {
  const paths = Object.hasOwn(SHAPES, icon) ? SHAPES[icon as Icon] : [icon];
  return drawing(...paths.map((path) => {
    const shape = svg("path", "shape");
    shape.setAttribute("d", path);
    return shape;
  }));
}

function drawing(...paths: readonly SVGPathElement[]): SVGSVGElement {
  const icon = svg("svg", "icon");
  icon.part.add("icon");
  icon.setAttribute("viewBox", "0 0 20 20");
  icon.setAttribute("aria-hidden", "true");
  icon.append(...paths);
  return icon;
}

export function setIcon({ shape, mark }: Parts, icon: Icon): void {
  const [outline, inside] = SHAPES[icon];
  shape.setAttribute("d", outline);
  mark.setAttribute("d", inside);
}

/** A live region tells of every write, so only what differs is written. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function html<N extends keyof HTMLElementTagNameMap>(tag: N, name: string): HTMLElementTagNameMap[N] {
  const element = document.createElement(tag);
  element.className = name;
  return element;
}

function svg<N extends keyof SVGElementTagNameMap>(tag: N, name: string): SVGElementTagNameMap[N] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  element.setAttribute("class", name);
  return element;
}

function slot(name: string): HTMLSlotElement {
  const element = document.createElement("slot");
  element.name = name;
  return element;
}
