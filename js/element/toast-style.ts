/** A card in the corner that reading ends in, on the page's own ground and ink. */
const CSS = `
:host {
  position: fixed;
  inset-block-end: var(--oauth-toast-inset, 1rem);
  inset-inline-end: var(--oauth-toast-inset, 1rem);
  z-index: var(--oauth-toast-layer, 1000);
  inline-size: min(24rem, calc(100vw - 2 * var(--oauth-toast-inset, 1rem)));
  /* Between the cards the page can still be pressed. */
  pointer-events: none;
}
:host([hidden]) { display: none; }
/* Room for the shadows, which scrolling would cut off. */
.notices { box-sizing: border-box; display: grid; gap: .5rem; max-block-size: 100vh; margin: -1rem; padding: 1rem; overflow-y: auto; text-align: start; }
.toast {
  display: grid;
  grid-template-columns: auto minmax(0, 1fr) auto;
  gap: .25rem .625rem;
  align-items: start;
  padding: .75rem .5rem .75rem .875rem;
  border: 1px solid var(--oauth-toast-edge, color-mix(in srgb, CanvasText 25%, Canvas));
  border-radius: var(--oauth-toast-radius, .5rem);
  background: var(--oauth-toast-ground, Canvas);
  color: var(--oauth-toast-ink, CanvasText);
  box-shadow: 0 .25rem 1rem rgb(0 0 0 / .16);
  font: inherit;
  line-height: 1.4;
  pointer-events: auto;
}
.toast:dir(rtl) { padding-inline: .875rem .5rem; }
.icon { inline-size: 1.25em; block-size: 1.25em; margin-block-start: .1em; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
.good > .icon { color: var(--oauth-toast-good, color-mix(in srgb, #1a9a66 75%, currentColor)); }
.heed > .icon { color: var(--oauth-toast-heed, color-mix(in srgb, #c77700 75%, currentColor)); }
.title { font-weight: 600; }
.title, .detail { overflow-wrap: anywhere; }
.detail { font-size: .9375em; }
.dismiss { grid-area: 1 / 3; display: grid; place-items: center; inline-size: 2.25rem; block-size: 2.25rem; margin-block: -.375rem; padding: 0; border: 0; }
.dismiss .icon { margin: 0; }
.act { grid-column: 2; justify-self: start; min-block-size: 2.25rem; margin-block-start: .25rem; padding: .25rem .75rem; border: 1px solid color-mix(in srgb, currentColor 55%, transparent); font-weight: 600; }
button { border-radius: calc(var(--oauth-toast-radius, .5rem) * .75); background: none; color: inherit; font: inherit; cursor: pointer; }
button:hover { background: color-mix(in srgb, currentColor 9%, transparent); }
:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
@media (prefers-reduced-motion: no-preference) {
  .toast { animation: come .2s ease-out; }
}
@media (forced-colors: active) {
  .toast { border-color: CanvasText; }
  .toast .icon { color: inherit; }
  .act { border-color: ButtonBorder; }
}
@keyframes come { from { opacity: 0; translate: 0 .5rem; } }
`;

let sheet: CSSStyleSheet | undefined;

export function toastSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
