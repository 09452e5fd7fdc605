/**
 * Looks like nothing in particular: type and ink are the page's, so that any ground will do, dark or light. Only the icons
 * have a colour of their own; the ink in it makes it dark where the page is light, and the reverse.
 */
const CSS = `
:host {
  display: block;
  container-type: inline-size;
  contain-intrinsic-inline-size: 20em;
  min-inline-size: 0;
  text-align: start;
  --_good: var(--oauth-connect-good, color-mix(in srgb, #1a9a66 75%, currentColor));
  --_heed: var(--oauth-connect-heed, color-mix(in srgb, #c77700 75%, currentColor));
  --_radius: var(--oauth-connect-radius, .5em);
  --_edge: var(--oauth-connect-edge, color-mix(in srgb, currentColor 55%, transparent));
  --_gap: var(--oauth-connect-gap, .75em);
}
:host([hidden]), [hidden] { display: none !important; }
.base {
  display: grid;
  grid-template-columns: auto minmax(0, 1fr);
  align-items: start;
  row-gap: var(--_gap);
  border-radius: var(--_radius);
  outline-offset: .25em;
}
::slotted([slot="start"]) { grid-area: 1 / 1; margin-inline-end: var(--_gap); }
.name { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.report {
  grid-area: 1 / 2;
  position: relative;
  display: grid;
  grid-template-columns: auto minmax(0, 1fr);
  column-gap: .5em;
}
.icon {
  inline-size: 1.25em;
  block-size: 1.25em;
  margin-block-start: .125em;
  fill: none;
  stroke: currentColor;
  stroke-width: 1.75;
  stroke-linecap: round;
  stroke-linejoin: round;
}
.none .icon { opacity: .55; }
.good .icon { color: var(--_good); }
.heed .icon { color: var(--_heed); }
.busy .turns { transform-origin: center; animation: turn 1.2s linear infinite; }
.says { display: grid; align-content: start; line-height: 1.5; }
/* What is said, and unseen everything else that may be: the largest makes the size. */
.words, .own, .says .room { grid-area: 1 / 1; min-inline-size: 0; }
.help { grid-row: 2; }
.room, .own, .help, .own::before { visibility: hidden; }
.connected .own, .heed .help { visibility: visible; }
.own { pointer-events: none; }
.own .details { pointer-events: auto; }
.own::before { display: block; font-weight: 600; }
[data-text]::before { content: attr(data-text); }
.title, .details, .own::before { overflow-wrap: anywhere; }
.title { font-weight: 600; }
.details, .help { font-size: .9375em; line-height: 1.45; }
.time { font-variant-numeric: tabular-nums; white-space: nowrap; }
.actions { grid-column: 1 / -1; display: grid; }
.buttons {
  grid-area: 1 / 1;
  display: flex;
  align-items: start;
  gap: .5em;
  min-block-size: var(--oauth-connect-control-height, 2.75em);
}
button, a, .button {
  box-sizing: border-box;
  display: inline-flex;
  align-items: center;
  justify-content: center;
  min-block-size: var(--oauth-connect-control-height, 2.75em);
  min-inline-size: min(5em, 40cqi);
  padding: .375em clamp(.5em, 3.5cqi, .875em);
  border: 1px solid var(--_edge);
  border-radius: var(--_radius);
  background: none;
  color: inherit;
  font: inherit;
  font-weight: 600;
  line-height: 1.25;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
.primary {
  border-color: var(--oauth-connect-accent, var(--_edge));
  background: var(--oauth-connect-accent, none);
  color: var(--oauth-connect-on-accent, inherit);
}
.secondary { border-color: color-mix(in srgb, var(--_edge) 50%, transparent); font-weight: 500; }
:is(button, a):hover { background: color-mix(in srgb, currentColor 9%, transparent); }
.primary:hover { background: var(--oauth-connect-accent-hover, var(--oauth-connect-accent, color-mix(in srgb, currentColor 9%, transparent))); }
button:is(:disabled, [aria-disabled]) { opacity: .55; cursor: default; background: none; }
:focus-visible { outline: 2px solid var(--oauth-connect-focus, currentColor); outline-offset: 2px; }
@container (inline-size >= 34em) {
  .base { grid-template-columns: auto minmax(0, 1fr) auto; }
  .actions { grid-column: 3; margin-inline-start: var(--_gap); }
  /* The first button at the edge: it stays where it is when there is a second. */
  .buttons { flex-flow: row-reverse; }
}
@media (prefers-reduced-motion: no-preference) {
  button, a { transition: background-color .12s; }
  .fresh .mark { stroke-dasharray: 17; animation: draw .5s .1s ease-out backwards; }
  .fresh .says { animation: settle .4s ease-out; }
}
@media (prefers-reduced-motion: reduce) {
  .busy .turns { animation: none; }
}
@media (forced-colors: active) {
  button, a { border-color: ButtonBorder; }
  a { border-color: LinkText; }
  .base .icon { color: CanvasText; opacity: 1; }
  button:is(:disabled, [aria-disabled]) { color: GrayText; border-color: GrayText; opacity: 1; }
}
@keyframes turn { to { transform: rotate(1turn); } }
@keyframes draw { from { stroke-dashoffset: 17; } }
@keyframes settle { from { opacity: .2; } }
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all elements; made by a constructor, which no content security policy forbids as it may inline styles. */
export function styleSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
