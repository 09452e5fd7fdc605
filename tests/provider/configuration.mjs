import { interactionPolicy } from "oidc-provider";
import { clientsFor, services } from "./clients.mjs";
import { memoryAdapter } from "./memory-adapter.mjs";
import { errorPage } from "./pages.mjs";

/**
 * A key for this local server alone: it signs nothing that anybody trusts. It is fixed so that a restart of the server
 * does not invalidate what a running demo holds.
 */
const signingKey = {
  kty: "EC",
  crv: "P-256",
  kid: "local-stand-in",
  alg: "ES256",
  use: "sig",
  x: "3woe2qif0BFB_5knDS7JsRz5U90vRWwaVwJ-L6_8Crk",
  y: "LOnVPHEscQYOhMHfk9QD3wkU1qTkuLaVDwSehJQOoXU",
  d: "tQn-GMEnWyiqvj8kwuMY6tpsazesR67PinovgmZO6GY",
};

const cookieKey = "local-stand-in-cookies";

/** oidc-provider's configuration for the four demo clients of an app at `appOrigin`, with what `control` can change. */
export const configurationFor = (appOrigin, control) => ({
  adapter: memoryAdapter(),
  clients: clientsFor(appOrigin),
  jwks: { keys: [signingKey] },
  cookies: { keys: [cookieKey] },
  pkce: { required: () => true },
  scopes: ["openid", "offline_access", ...services.flatMap(({ scopes }) => scopes)],
  claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
  enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: false },
  },
  // The four services are ordinary OAuth 2.0 clients, most of which get a refresh token without `offline_access`.
  issueRefreshToken: async (_context, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: true,
  expiresWithSession: () => false,
  // The app asks from its server; no page of another origin has business with these endpoints.
  clientBasedCORS: () => false,
  interactions: { policy: alwaysAskForConsent(), url: (_context, { uid }) => `/interaction/${uid}` },
  findAccount: async (_context, sub) => ({
    accountId: sub,
    claims: async () => ({ sub, name: sub, email: `${sub}@example.test` }),
  }),
  ttl: {
    AccessToken: () => control.settings.accessTokenLife,
    AuthorizationCode: 60,
    Grant: 86_400,
    IdToken: 3600,
    Interaction: 7200,
    RefreshToken: 86_400,
    Session: 86_400,
  },
  renderError: (context, { error }) => {
    context.type = "html";
    context.body = errorPage(error);
  },
});

/**
 * A person who presses Connect a second time expects to be asked a second time, and so does a test, so a grant from an
 * earlier flow is never enough.
 */
function alwaysAskForConsent() {
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  policy.get("consent").checks.add(new Check(
    "asked_each_time",
    "consent is asked for in every flow",
    "interaction_required",
    ({ oidc }) => (oidc.result?.consent ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT),
  ));
  return policy;
}
