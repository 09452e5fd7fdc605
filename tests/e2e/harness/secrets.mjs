/**
 * Where a secret got out in a test: in what pages reported, sent, stored or have in their address, in the URLs that were asked for,
 * or in what the server printed. The secrets are the codes and states of every callback, and what the provider gave for them.
 *
 * @returns {Promise<string[]>}
 */
export async function leaks({ world, browser }) {
  const { front, provider, server, log } = world;
  const isCallback = ({ path }) => path.startsWith("/oauth/callback/");
  const secrets = new Set(provider.secrets);
  for (const { query } of front.requests.filter(isCallback)) {
    for (const name of ["code", "state"]) if (query.get(name)?.length >= 16) secrets.add(query.get(name));
  }
  const places = {
    "a report or an event": String(log) + JSON.stringify(log.find()),
    "a message or a stored value": front.said.join("\n"),
    "a URL": front.requests.filter((request) => !isCallback(request)).map(({ path, query }) => `${path}?${query}`).join("\n"),
    "the server's log": server.output,
    "a page": (await pagesOf(browser, world)).join("\n"),
  };
  return Object.entries(places).flatMap(([place, text]) => {
    const found = [...secrets, "demo-github-secret"].filter((secret) => text.includes(secret));
    // With something after it: the log says of a revocation which kind of token it was of.
    const names = /(?:access_token|refresh_token|code_verifier|id_token)(?=["\\]*\s*[=:])/u.exec(text) ?? [];
    return [...found.map((secret) => `${secret.slice(0, 4)}… in ${place}`), ...names.map((name) => `${name} in ${place}`)];
  });
}

/** What each open page of the app has in its stores and its address. */
async function pagesOf(browser, world) {
  const texts = [];
  for (const handle of await browser.handles()) {
    await browser.driver.switchTo().window(handle).catch(() => {});
    const text = await browser.driver.executeScript((origin) => {
      if (location.origin !== origin) return "";
      const stores = ["localStorage", "sessionStorage"].map((name) => {
        try {
          return { ...window[name] };
        } catch {
          return null;
        }
      });
      const all = JSON.stringify([stores, location.href, window.name, history.state]);
      // A store that was filled on purpose is mostly filling.
      return all.replace(/x{1000,}/gu, "");
    }, world.origin).catch(() => "");
    texts.push(text);
  }
  return texts;
}
