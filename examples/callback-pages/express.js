import { Router } from "express";

/**
 * `app.use(callbackPage(finish))`
 *
 * `finish(provider, query)` is yours: it knows the provider, checks `state`, exchanges the code, stores the tokens, and resolves
 * with `{ flowId, integrationId }`, or with `{ flowId, error }` and a code such as `access_denied`. Serve `callback.global.js` of
 * the package beside it.
 */
export function callbackPage(finish) {
  return Router().get("/oauth/callback/:provider", async (request, response) => {
    const { provider } = request.params;
    const outcome = await finish(provider, request.query);
    response.set(HEADERS).type("html").send(page({ provider, ...outcome }));
  });
}

const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; script-src 'self'; base-uri 'none'",
  // Any other value cuts this window off from the page that waits.
  "Cross-Origin-Opener-Policy": "unsafe-none",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

const page = ({ provider, flowId, integrationId, error }) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Back to the app</title>
<p>You may close this window and go back to the app.</p>
<script src="/callback.global.js" data-provider="${escape(provider)}" data-success="${!error}" data-flow-id="${escape(flowId)}"
  data-integration-id="${escape(integrationId)}" data-error="${escape(error)}"></script>
`;

const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
