// The front is written against `js/oauth_sync.d.ts`; this is what wasm-bindgen made of the module.
import type { CoreEvent, CoreOptions, OAuthSync } from "../../js/oauth_sync.js";
import * as generated from "../../target/bindgen/oauth_sync.js";

const made = (options: CoreOptions, onEvents: (events: CoreEvent[]) => void): OAuthSync => new generated.OAuthSync(options, onEvents);
// The other way round: nothing that it offers is unknown to the front.
const known: Record<Exclude<keyof generated.OAuthSync, typeof Symbol.dispose>, unknown> = {} as OAuthSync;
