/**
 * `oauth-sync/callback.global.js`: `finish` as a classic script, for callback pages that a server renders.
 *
 * `<script src="…/callback.global.js" data-provider="github" data-success="true" data-integration-id="int_1"></script>`
 *
 * Only `data-success="true"` is a success: a template that fills in nothing must not announce one. An empty attribute
 * counts as missing.
 */
import { finish } from "./callback.js";

const { provider = "", success, flowId, integrationId, error, namespace } = document.currentScript?.dataset ?? {};
const flow = flowId ? { provider, flowId } : { provider };

void finish(
  success?.toLowerCase() === "true"
    ? { ...flow, success: true, ...(integrationId && { integrationId }) }
    : { ...flow, success: false, ...(error && { error: { code: error } }) },
  namespace ? { namespace } : {},
);
