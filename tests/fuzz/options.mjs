// Options, as the front takes them and as the module does behind it: drawn from values of every kind, by a seed.
import assert from "node:assert/strict";
import { newPage } from "../testing/harness/page.mjs";

/** Values by their names, so that a case can be written down. */
export const VALUES = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  one: () => 1,
  "a fraction": () => 0.1 * 3 * 60_000,
  negative: () => -1,
  NaN: () => NaN,
  Infinity: () => Infinity,
  "a large number": () => 2 ** 53,
  "the largest number": () => Number.MAX_VALUE,
  "a bigint": () => 10n,
  "a symbol": () => Symbol("x"),
  "an empty text": () => "",
  "a word": () => "word",
  "a word with a colon": () => "a:b",
  "a text of 64": () => "x".repeat(64),
  "a text of 65": () => "x".repeat(65),
  "a text of 4096": () => "x".repeat(4096),
  "a text of 4097": () => "x".repeat(4097),
  "a huge text": () => "x".repeat(1e6),
  "a half of a pair": () => "\ud800",
  "a path": () => "/oauth/status?x=1",
  "an address": () => "https://api.example/status",
  "a URL": () => new URL("https://api.example/status"),
  "a long URL": () => new URL(`https://api.example/${"x".repeat(5000)}`),
  "a script": () => "javascript:alert(1)",
  "a list": () => [],
  "an origin": () => ["https://cb.example"],
  "64 origins": () => Array.from({ length: 64 }, (_, n) => `https://cb${n}.example`),
  "65 origins": () => Array.from({ length: 65 }, (_, n) => `https://cb${n}.example`),
  "no origin": () => ["*"],
  "a tier": () => [{ every: 2000, polls: 10 }],
  "16 tiers": () => Array(16).fill({ every: 1, polls: 1 }),
  "17 tiers": () => Array(17).fill({ every: 1, polls: 1 }),
  "no tier": () => [{ every: 0, polls: 1 }],
  "a tier of halves": () => [{ every: 1.5, polls: 1.5 }],
  "a tier that counts on": () => [{ every: 2 ** 31, polls: 2 ** 31 }],
  "a sparse list": () => Array(3),
  "an object": () => ({}),
  "a poisoned object": () => JSON.parse('{"__proto__":{"length":1}}'),
  "a proxy that throws": () => new Proxy({}, { get: () => { throw new Error("get"); } }),
  "a list that throws": () => new Proxy([], { get: () => { throw new Error("get"); } }),
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy;
  },
  "a function": () => async () => new Response("{}"),
  "a function that throws": () => () => { throw new Error("called"); },
};

const functions = ["a function", "a function that throws"];
const texts = ["a word", "a text of 64", "a text of 65", "a text of 4096", "a half of a pair", "a word with a colon", "a path", "an address"];
/** By a path, not by a scheme: in a page all of these are addresses of its own. */
const paths = texts.filter((name) => name !== "a word with a colon");
const addresses = [...paths, "a URL"];
const durations = ["zero", "one", "a fraction", "a large number", "the largest number"];

/** What each option takes; it refuses everything else, but for `undefined`. */
export const TAKES = {
  statusUrl: addresses,
  checkStatus: functions,
  startUrl: [...functions, ...addresses, "a text of 4097", "a huge text", "a long URL"],
  eventsUrl: addresses,
  connectionsUrl: addresses,
  fetch: functions,
  namespace: ["a word", "a text of 64", "a half of a pair", "a path"],
  scope: [...texts, "an empty text", "a script"],
  cancelUrl: paths,
  tiers: ["a tier", "16 tiers", "a tier that counts on"],
  slowAfter: durations,
  overdueAfter: durations,
  expireAfter: durations,
  keepSettled: durations,
  confirm: ["true", "false"],
  callbackOrigins: ["a list", "an origin", "64 origins"],
  log: functions,
};

const NAMES = [...Object.keys(TAKES), "statusURL", "constructor", "__proto__x"];
const takes = (name, value) => Object.hasOwn(TAKES, name) && (value === "undefined" || TAKES[name].includes(value));

/** A number below `below`, again and again the same for a seed. (Mulberry32.) */
function numbers(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The names of options, and of the values that they have: mostly ones that are taken, so that something comes of it. */
export function caseOf(seed) {
  const next = numbers(seed);
  const one = (list) => list[next(list.length)];
  const chosen = {};
  for (let left = 1 + next(6); left > 0; left -= 1) {
    const name = next(24) === 0 ? one(NAMES) : one(Object.keys(TAKES));
    chosen[name] = next(8) === 0 ? one(Object.keys(VALUES)) : one(Object.hasOwn(TAKES, name) ? TAKES[name] : Object.keys(VALUES));
  }
  return chosen;
}

/** Who gives the front such an object hears of it from the object itself. The module has to bear it. */
const throws = ["a proxy that throws", "a list that throws", "a revoked proxy"];

const made = (chosen) => Object.fromEntries(Object.entries(chosen).map(([name, value]) => [name, VALUES[value]()]));

/** The front takes what it should and names what it does not; what it takes the module takes as well, and both let go. */
export async function front(chosen) {
  if (Object.values(chosen).some((value) => throws.includes(value))) return;
  const page = newPage();
  const { OAuthSync } = page.front();
  const bad = Object.keys(chosen).filter((name) => !takes(name, chosen[name]));
  const isDouble = ["statusUrl", "checkStatus"].every((name) => chosen[name] !== undefined && chosen[name] !== "undefined");
  let sync;
  try {
    sync = new OAuthSync({ ...made(chosen), wasm: page.wasm });
  } catch (error) {
    assert.ok(error instanceof TypeError && (bad.length || isDouble), String(error));
    assert.ok([...bad, "checkStatus"].some((name) => error.message.includes(`options.${name}`)), error.message);
    return;
  }
  assert.deepEqual(bad, [], "is refused");
  await sync.ready;
  const flow = sync.start("github", { url: "/start" });
  // Where nothing is waited for and nothing kept, it has come and gone.
  assert.ok(sync.flows().every(({ id }) => id === flow.id));
  assert.ok(Number.isInteger(flow.startedAt));
  await page.advance(10);
  assert.equal(typeof sync.diagnostics().dropped, "object");
  sync.close();
  await page.advance(10);
  assert.ok(page.reported.every(({ message }) => message === "called"), String(page.reported));
}

/** The module alone takes them or names one in a TypeError; nothing else comes of it, and the next is none the worse. */
export function module(Machine, chosen) {
  const options = made(chosen);
  let machine;
  try {
    machine = new Machine(options, () => {});
  } catch (error) {
    assert.ok(error instanceof TypeError && Object.hasOwn(chosen, error.message), String(error));
    return;
  }
  assert.deepEqual(machine.flows(), []);
  machine.act("close");
  machine.free();
}
