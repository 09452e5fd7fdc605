import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { serviceOf } from "./clients.mjs";
import { configurationFor } from "./configuration.mjs";
import { Control } from "./control.mjs";
import { consentPage, errorPage, signInPage } from "./pages.mjs";

/**
 * Starts a real authorization server (the certified oidc-provider) in memory, on 127.0.0.1 while the app is on
 * localhost: two sites for a browser, so cookies and COOP meet the same hop as with a service on the internet.
 *
 * @param {{ app: string, port?: number }} options the app's origin, and a port (default: any free one)
 * @returns {Promise<{ issuer: string, control: Control, secrets: Set<string>, close: () => Promise<void> }>} `secrets`: the codes, verifiers
 *   and tokens that it has seen and given
 */
export async function startProvider({ app, port = 0 }) {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const control = new Control();
  const provider = new Provider(issuer, configurationFor(app, control));
  const stylesheet = await readFile(new URL("stand-in.css", import.meta.url));
  const standard = provider.callback();
  const secrets = new Set();
  provider.on("grant.success", ({ oidc: { params }, body }) => {
    for (const secret of [params.code, params.code_verifier, params.refresh_token, body.access_token, body.refresh_token, body.id_token]) if (secret) secrets.add(secret);
  });

  server.on("request", (request, response) => {
    serve(request, response).catch(() => {
      // An interaction that ran out, or whose cookie is gone: the person has to begin again.
      if (!response.headersSent) sendPage(response, 400, errorPage("interaction_not_found"));
      else response.destroy();
    });
  });

  async function serve(request, response) {
    const { pathname } = new URL(request.url, issuer);
    const [endpoint, uid, step] = pathname.split("/").slice(1);
    if (endpoint === "stand-in.css") {
      response.writeHead(200, { "content-type": "text/css", "cache-control": "no-cache" }).end(stylesheet);
      return;
    }
    await control.admit(endpoint);
    const { coop, tokenFailure } = control.settings;
    if (coop !== null) response.setHeader("cross-origin-opener-policy", coop);
    if (endpoint === "token" && tokenFailure !== null) fail(response, tokenFailure);
    else if (endpoint === "interaction") await interact(request, response, uid, step);
    else standard(request, response);
  }

  async function interact(request, response, uid, step) {
    const details = await provider.interactionDetails(request, response);
    if (details.uid !== uid) throw new Error("another interaction");
    const service = serviceOf(details.params.client_id);
    const finish = (result) => provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
    const prompt = details.prompt.name;

    if (request.method === "GET" && step === undefined) {
      if (control.settings.refusal !== null) {
        await provider.interactionFinished(request, response, control.settings.refusal);
      } else if (control.settings.automaticConsent) {
        await finish(prompt === "login" ? { login: { accountId: "mona" } } : await consent(details));
      } else if (prompt === "login") {
        sendPage(response, 200, signInPage({ uid, service }));
      } else {
        sendPage(response, 200, consentPage({ uid, service, account: details.session.accountId }));
      }
    } else if (request.method === "POST" && step === "login" && prompt === "login") {
      const login = (await formOf(request)).get("login")?.trim() ?? "";
      if (/^[\w.-]{1,64}$/u.test(login)) await finish({ login: { accountId: login } });
      else sendPage(response, 422, signInPage({ uid, service, failed: true }));
    } else if (request.method === "POST" && step === "confirm" && prompt === "consent") {
      await finish(await consent(details));
    } else if (request.method === "POST" && step === "abort") {
      await provider.interactionFinished(request, response, { error: "access_denied", error_description: "denied by the person" });
    } else {
      sendPage(response, 404, errorPage("not_found"));
    }
  }

  async function consent({ params, session, grantId, prompt }) {
    const grant = grantId === undefined
      ? new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
      : await provider.Grant.find(grantId);
    for (const scope of prompt.details.missingOIDCScope ?? []) grant.addOIDCScope(scope);
    grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
    return { consent: { grantId: await grant.save() } };
  }

  const close = () => new Promise((resolve) => {
    control.reset();
    server.close(resolve);
    server.closeAllConnections();
  });
  return { issuer, control, secrets, close };
}

function sendPage(response, status, html) {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    // No form-action: Chromium applies it to the redirects after a form too, and those lead to the app.
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
  }).end(html);
}

function fail(response, { cut, status, body }) {
  if (cut === true) {
    response.destroy();
  } else if (typeof body === "string") {
    response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(body);
  } else {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(body ?? {}));
  }
}

async function formOf(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 4096) throw new Error("form too large");
  }
  return new URLSearchParams(text);
}
