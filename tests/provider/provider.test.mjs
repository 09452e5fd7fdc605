import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, afterEach, before, describe, test } from "node:test";
import { services } from "./clients.mjs";
import { startControlEndpoint } from "./control-endpoint.mjs";
import { startProvider } from "./provider.mjs";

const app = "http://localhost:4180";

/** A browser as far as this server can tell: it keeps cookies by path and follows redirects until they leave the server. */
class Visitor {
  #cookies = new Map();

  constructor(issuer) {
    this.issuer = issuer;
  }

  async go(url, form) {
    let target = new URL(url, this.issuer);
    let init = form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) };
    for (let hop = 0; hop < 12; hop += 1) {
      if (target.origin !== this.issuer) return { url: target };
      const response = await fetch(target, { ...init, redirect: "manual", headers: { cookie: this.#cookiesFor(target.pathname) } });
      for (const line of response.headers.getSetCookie()) this.#keep(line);
      const location = response.headers.get("location");
      if (location === null) return { url: target, response, html: await response.text() };
      target = new URL(location, target);
      init = {};
    }
    throw new Error("too many redirects");
  }

  /** Presses the button `id` of the page in `visit`, with `fields` filled in. */
  press({ html }, id, fields = {}) {
    const action = new RegExp(`<form method="post" action="([^"]+)">(?:(?!</form>)[^])*<button[^>]* id="${id}"`, "u").exec(html)?.[1];
    assert.ok(action, `no button ${id}`);
    return this.go(action, fields);
  }

  #keep(line) {
    const [pair, ...attributes] = line.split("; ");
    const path = attributes.find((attribute) => attribute.toLowerCase().startsWith("path="))?.slice(5) ?? "/";
    const at = pair.indexOf("=");
    const name = `${path} ${pair.slice(0, at)}`;
    if (pair.slice(at + 1) === "") this.#cookies.delete(name);
    else this.#cookies.set(name, { path, pair });
  }

  #cookiesFor(pathname) {
    return [...this.#cookies.values()].filter(({ path }) => pathname.startsWith(path)).map(({ pair }) => pair).join("; ");
  }
}

function authorization(slug, changes = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const parameters = {
    client_id: `demo-${slug}`,
    redirect_uri: `${app}/oauth/callback/${slug}`,
    response_type: "code",
    scope: services.find((service) => service.slug === slug).scopes.join(" "),
    state: randomBytes(16).toString("base64url"),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters)) if (value === undefined) delete parameters[name];
  return { verifier, parameters, path: `/auth?${new URLSearchParams(parameters)}` };
}

describe("provider", () => {
  let provider;
  before(async () => {
    provider = await startProvider({ app });
  });
  after(() => provider.close());
  afterEach(() => provider.control.reset());

  const request = (path, slug, form) => fetch(new URL(path, provider.issuer), {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`demo-${slug}:demo-${slug}-secret`).toString("base64")}` },
    body: new URLSearchParams(form),
  });

  async function allow(slug, changes) {
    const visitor = new Visitor(provider.issuer);
    const { verifier, parameters, path } = authorization(slug, changes);
    const consent = await visitor.press(await visitor.go(path), "sign-in", { login: "mona" });
    const { url } = await visitor.press(consent, "allow");
    return { url, verifier, parameters, visitor };
  }

  const exchange = ({ url, verifier, parameters }) => request("/token", parameters.client_id.slice(5), {
    grant_type: "authorization_code",
    code: url.searchParams.get("code"),
    redirect_uri: parameters.redirect_uri,
    code_verifier: verifier,
  });

  for (const { slug } of services) {
    test(`issues_tokens_to_${slug}_after_sign_in_and_consent`, async () => {
      const allowed = await allow(slug);
      assert.equal(allowed.url.origin + allowed.url.pathname, `${app}/oauth/callback/${slug}`);
      assert.equal(allowed.url.searchParams.get("iss"), provider.issuer);
      assert.equal(allowed.url.searchParams.get("state"), allowed.parameters.state);
      const response = await exchange(allowed);
      const tokens = await response.json();
      assert.equal(response.status, 200, JSON.stringify(tokens));
      assert.ok(tokens.access_token);
      assert.ok(tokens.refresh_token);
    });
  }

  test("refuses_a_code_that_was_used", async () => {
    const allowed = await allow("github");
    assert.equal((await exchange(allowed)).status, 200);
    assert.equal((await (await exchange(allowed)).json()).error, "invalid_grant");
  });

  test("refuses_a_wrong_verifier", async () => {
    const allowed = await allow("github");
    const response = await exchange({ ...allowed, verifier: randomBytes(32).toString("base64url") });
    assert.equal((await response.json()).error, "invalid_grant");
  });

  test("refuses_a_request_without_pkce", async () => {
    const { path } = authorization("github", { code_challenge: undefined, code_challenge_method: undefined });
    const { url } = await new Visitor(provider.issuer).go(path);
    assert.equal(url.searchParams.get("error"), "invalid_request");
    assert.equal(url.searchParams.get("iss"), provider.issuer);
  });

  test("rotates_refresh_tokens_and_kills_the_family_on_reuse", async () => {
    const first = await (await exchange(await allow("google"))).json();
    const refresh = (token) => request("/token", "google", { grant_type: "refresh_token", refresh_token: token });
    const second = await (await refresh(first.refresh_token)).json();
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.equal((await (await refresh(first.refresh_token)).json()).error, "invalid_grant");
    assert.equal((await (await refresh(second.refresh_token)).json()).error, "invalid_grant");
  });

  test("issues_access_tokens_that_live_as_long_as_it_is_told", async () => {
    provider.control.set({ accessTokenLife: 7 });
    const tokens = await (await exchange(await allow("google"))).json();
    assert.equal(tokens.expires_in, 7);
    provider.control.reset();
    const renewed = await request("/token", "google", { grant_type: "refresh_token", refresh_token: tokens.refresh_token });
    assert.equal((await renewed.json()).expires_in, 3600);
  });

  test("revokes_a_token", async () => {
    const tokens = await (await exchange(await allow("github"))).json();
    const active = async () => (await (await request("/token/introspection", "github", { token: tokens.access_token })).json()).active;
    assert.equal(await active(), true);
    assert.equal((await request("/token/revocation", "github", { token: tokens.access_token })).status, 200);
    assert.equal(await active(), false);
  });

  test("reports_a_denial_with_its_issuer", async () => {
    const visitor = new Visitor(provider.issuer);
    const consent = await visitor.press(await visitor.go(authorization("atlassian").path), "sign-in", { login: "mona" });
    const { url } = await visitor.press(consent, "deny");
    assert.equal(url.searchParams.get("error"), "access_denied");
    assert.equal(url.searchParams.get("iss"), provider.issuer);
  });

  test("asks_for_consent_each_time", async () => {
    const { visitor } = await allow("github");
    assert.match((await visitor.go(authorization("github").path)).html, /id="allow"/u);
  });

  test("asks_again_for_a_name_that_is_none", async () => {
    const visitor = new Visitor(provider.issuer);
    const visit = await visitor.press(await visitor.go(authorization("github").path), "sign-in", { login: "<b>" });
    assert.equal(visit.response.status, 422);
    assert.match(visit.html, /aria-invalid="true"/u);
  });

  test("names_itself_a_stand_in", async () => {
    const { html } = await new Visitor(provider.issuer).go(authorization("github").path);
    assert.match(html, /Local stand-in for GitHub/u);
  });

  test("answers_an_unknown_interaction_with_a_page", async () => {
    const { response, html } = await new Visitor(provider.issuer).go("/interaction/nothing");
    assert.equal(response.status, 400);
    assert.match(html, /cannot go on/u);
  });

  describe("control", () => {
    test("consents_without_a_page", async () => {
      provider.control.set({ automaticConsent: true });
      const { url } = await new Visitor(provider.issuer).go(authorization("microsoft").path);
      assert.ok(url.searchParams.get("code"));
    });

    test("sets_coop_on_pages_and_redirects", async () => {
      provider.control.set({ coop: "same-origin" });
      const { response } = await new Visitor(provider.issuer).go(authorization("github").path);
      assert.equal(response.headers.get("cross-origin-opener-policy"), "same-origin");
      const redirect = await fetch(new URL(authorization("github").path, provider.issuer), { redirect: "manual" });
      assert.equal(redirect.headers.get("cross-origin-opener-policy"), "same-origin");
    });

    test("lets_the_token_endpoint_fail", async () => {
      const allowed = await allow("github");
      provider.control.set({ tokenFailure: { status: 500, body: { error: "server_error" } } });
      assert.equal((await exchange(allowed)).status, 500);
      provider.control.set({ tokenFailure: { cut: true } });
      await assert.rejects(exchange(allowed));
      provider.control.set({ tokenFailure: null });
      assert.equal((await exchange(allowed)).status, 200);
    });

    test("holds_requests_until_they_are_released", async () => {
      const allowed = await allow("github");
      provider.control.reset();
      provider.control.set({ held: ["token"] });
      let answered = false;
      const answer = exchange(allowed).finally(() => {
        answered = true;
      });
      while (provider.control.count("token") === 0) await new Promise(setImmediate);
      assert.equal(answered, false);
      provider.control.set({ held: [] });
      assert.equal((await answer).status, 200);
    });

    test("refuses_a_setting_that_does_not_exist", () => {
      assert.throws(() => provider.control.set({ dealys: {} }), new TypeError("dealys: no such setting, or not a value for it"));
    });

    test("obeys_json_on_loopback_and_refuses_pages", async () => {
      const endpoint = await startControlEndpoint({ control: provider.control });
      const post = (headers, body) => fetch(endpoint.url, { method: "POST", headers, body });
      try {
        const answer = await post({ "content-type": "application/json" }, JSON.stringify({ delays: { token: 5 } }));
        assert.deepEqual((await answer.json()).settings.delays, { token: 5 });
        assert.equal((await post({ "content-type": "text/plain" }, "{}")).status, 415);
        assert.equal((await post({ "content-type": "application/json", origin: app }, "{}")).status, 403);
        assert.equal((await post({ "content-type": "application/json" }, "{")).status, 400);
        assert.equal((await fetch(endpoint.url, { method: "DELETE" })).status, 200);
        assert.deepEqual(provider.control.settings.delays, {});
      } finally {
        await endpoint.close();
      }
    });
  });
});

describe("main", () => {
  const main = (...args) => spawn(process.execPath, [new URL("main.mjs", import.meta.url).pathname, ...args], { stdio: ["ignore", "pipe", "pipe"] });

  test("prints_one_line_when_ready_and_says_when_the_port_is_in_use", async () => {
    const child = main("--port", "0");
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const issuer = /^local provider listening on (http:\/\/127\.0\.0\.1:\d+)$/u.exec(line)?.[1];
    assert.ok(issuer, line);
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    assert.equal(metadata.issuer, issuer);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);

    const second = main("--port", new URL(issuer).port);
    let text = "";
    second.stderr.on("data", (chunk) => {
      text += chunk;
    });
    const [code] = await once(second, "close");
    assert.equal(code, 1);
    assert.match(text, /port \d+ is in use/u);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  test("refuses_an_app_that_is_no_origin", async () => {
    const child = main("--app", "http://localhost:4180/path");
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
    });
    assert.equal((await once(child, "close"))[0], 1);
    assert.match(text, /--app: not an origin/u);
  });
});
