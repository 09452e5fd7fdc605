/** How the provider's pages open: in the page's address, so that it survives a redirect and a reload, and each tab may differ. */
const select = document.querySelector("#mode");
const listeners = [];

select.value = new URLSearchParams(location.search).get("mode") ?? "popup";
if (select.selectedIndex < 0) select.value = "popup";
select.addEventListener("change", () => {
  const url = new URL(location.href);
  url.searchParams.set("mode", select.value);
  history.replaceState(history.state, "", url);
  for (const listener of listeners) listener();
});

/** `popup`, `tab` or `redirect`. */
export function mode() {
  return select.value;
}

/** `listener` is called once at once, and whenever it changes. */
export function onMode(listener) {
  listeners.push(listener);
  listener();
}
