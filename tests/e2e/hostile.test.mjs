// What others may send, and what we must not: foreign origins, junk, forged callback URLs, and secrets.
import assert from "node:assert/strict";
import { Tab } from "./harness/tab.mjs";
import { allHearOneCompleted, scenarios } from "./harness/scenario.mjs";
import { leaks } from "./harness/secrets.mjs";

const scenario = scenarios();

/** Where a notice alone decides: the easiest target. */
const noEndpoint = { statusUrl: null, cancelUrl: null, startUrl: "/test/callback.html?leave=never" };
const success = (flowId) => ({ type: "oauth-complete", v: 1, id: "forged-notice-1", provider: "github", success: true, flowId, integrationId: "evil", timestamp: Date.now() });

const droppedOf = async (tab) => Object.values((await tab.diagnostics()).dropped).reduce((sum, count) => sum + count, 0);

scenario("a_message_of_another_origin_changes_nothing", async ({ open, world, browser }) => {
  const attacker = await browser.openTab(`${world.foreignOrigin}/test/attacker.html`);
  const address = `${world.origin}/test/app.html?${new URLSearchParams({ tab: "victim", options: JSON.stringify({ ...noEndpoint, startUrl: "/test/plain-listener.html" }) })}`;
  await attacker.run((url) => {
    window.next = url;
  }, address);
  const { handle } = await browser.windowFrom(() => attacker.click("#open"));
  const victim = new Tab(browser, handle, { name: "victim", world });
  await victim.ready();
  const id = await victim.start("github");
  await attacker.run((message) => {
    window.say(message);
    window.say({ ...message, flowId: undefined });
    window.say({ type: "oauth-complete", provider: "github", success: true, integrationId: 1 });
    window.say({ type: "oauth-sync", v: 1, scope: "", flowId: message.flowId, provider: "github", startedAt: 0, expiresAt: 9e15, verdict: { status: "completed", basis: "server" } });
  }, success(id));
  await browser.until(async () => (await droppedOf(victim)) >= 3, "the foreign messages to be counted");
  await victim.quiet();
  assert.equal((await victim.flow(id)).status, "pending");
  assert.deepEqual(victim.events({ type: "completed" }), []);
});

scenario("a_page_of_another_origin_that_frames_the_app_changes_nothing", async ({ world, browser }) => {
  world.front.headers.app["content-security-policy"] = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; frame-src ${world.origin}`;
  const attacker = await browser.openTab(`${world.foreignOrigin}/test/attacker.html`);
  const options = { ...noEndpoint, startUrl: "/test/plain-listener.html" };
  const address = `${world.origin}/test/app.html?${new URLSearchParams({ tab: "framed", options: JSON.stringify(options) })}`;
  await attacker.run((url) => {
    window.frame = document.body.appendChild(Object.assign(document.createElement("iframe"), { src: url }));
  }, address);
  await world.log.first({ tab: "framed", kind: "ready" });
  const { driver } = browser;
  const inFrame = async (code, ...args) => {
    await attacker.run(() => {});
    await driver.switchTo().frame(0);
    const result = await driver.executeScript(code, ...args);
    await driver.switchTo().defaultContent();
    return result;
  };
  await inFrame(() => window.sync.start("github", { flowId: "framed-flow-1" }));
  await attacker.run((message) => {
    const { contentWindow } = document.querySelector("iframe");
    for (const each of [message, { ...message, flowId: undefined }, null, { type: "oauth-sync", v: 1 }]) contentWindow.postMessage(each, "*");
  }, success("framed-flow-1"));
  await browser.until(async () => (await inFrame(() => window.sync.diagnostics().dropped.foreign_origin ?? 0)) >= 4, "the foreign messages to be counted");
  assert.deepEqual(await inFrame(() => window.sync.flows().map(({ status }) => status)), ["pending"]);
  assert.deepEqual(world.log.find({ tab: "framed", type: "completed" }), []);
  await inFrame(() => window.sync.close());
});

scenario("a_sandboxed_frame_on_the_apps_own_page_changes_nothing", async ({ open, world, browser }) => {
  const starter = await open({ options: { ...noEndpoint, startUrl: "/test/plain-listener.html" } });
  const id = await starter.start("github");
  await starter.run((src) => {
    const frame = Object.assign(document.createElement("iframe"), { src, sandbox: "allow-scripts" });
    return new Promise((resolve) => {
      frame.onload = resolve;
      document.body.append(frame);
    });
  }, `${world.origin}/test/attacker.html`);
  const { driver } = browser;
  await driver.switchTo().frame(0);
  const origin = await driver.executeScript((message) => {
    const plain = { type: "oauth-complete", provider: "github", success: true, integrationId: 1 };
    const channel = new BroadcastChannel("oauth-status");
    for (const each of [message, { ...message, flowId: undefined }, plain]) {
      parent.postMessage(each, "*");
      channel.postMessage(each);
    }
    return self.origin;
  }, success(id));
  await driver.switchTo().defaultContent();
  assert.equal(origin, "null");
  await browser.until(async () => ((await starter.diagnostics()).dropped.foreign_origin ?? 0) >= 3, "the frame's messages to be counted");
  await starter.quiet();
  assert.equal((await starter.flow(id)).status, "pending");
  assert.deepEqual(starter.events({ type: "completed" }), []);
});

const junk = [
  null, 0, "oauth-complete", true, [], {}, { type: "oauth-complete" }, { type: "oauth-complete", v: 1 }, { type: 7 },
  { type: "oauth-complete", v: 1, id: "junk-notice-1", provider: "", success: true },
  { type: "oauth-complete", v: 1, id: "junk-notice-2", provider: { toString: "github" }, success: true },
  { type: "oauth-complete", v: 1, id: "junk-notice-3", provider: "github", success: "yes" },
  { type: "oauth-complete", v: 1, id: "junk-notice-4", provider: "github", success: true, flowId: "../../etc" },
  { type: "oauth-complete", v: 1, id: "junk-notice-5", provider: "github", success: true, flowId: "x".repeat(5000) },
  { type: "oauth-complete", v: 1, id: "junk-notice-6", provider: "github", success: true, integrationId: "x".repeat(100_000) },
  { type: "oauth-complete", v: 1, id: "junk-notice-7", provider: "github".repeat(1000), success: true },
  { type: "oauth-failed", v: 1, id: "junk-notice-8", provider: "github", success: true },
  { type: "oauth-failed", v: 1, id: "junk-notice-9", provider: "github", success: false, error: "access_denied".repeat(500) },
  { type: "oauth-sync", v: 1 }, { type: "oauth-sync", v: 99, flowId: "aaaaaaaa" }, { type: "oauth-sync-remove", v: 1, flowId: 3 }, { type: "oauth-ack", v: 1 },
  { __proto__: null, type: "oauth-complete", constructor: { prototype: { polluted: true } } },
];

scenario("malformed_and_oversized_messages_are_dropped_and_the_page_lives_on", async ({ open, browser }) => {
  const options = { ...noEndpoint, startUrl: "/test/plain-listener.html" };
  const starter = await open({ options });
  const sender = await open({ path: "/test/app.html", options: { ...options, namespace: "elsewhere" } });
  const id = await starter.start("github");
  const before = await droppedOf(starter);
  await sender.run((messages) => {
    const channel = new BroadcastChannel("oauth-status");
    for (const [index, message] of messages.entries()) {
      channel.postMessage(message);
      localStorage.setItem("oauth-status", `${JSON.stringify(message)}${" ".repeat(index)}`);
      localStorage.setItem(`oauth-status:junk-slot-${index}`, JSON.stringify(message) ?? "");
    }
    channel.postMessage(new Map([["type", "oauth-complete"]]));
    channel.postMessage(new Date());
    channel.postMessage(new ArrayBuffer(1 << 20));
    channel.postMessage(Object.assign(Object.create(null), JSON.parse(`{"type":"oauth-complete","__proto__":{"success":true,"provider":"github"}}`)));
    const deep = [];
    let inner = deep;
    for (let depth = 0; depth < 500; depth += 1) inner.push((inner = []));
    channel.postMessage(deep);
    for (const text of ["", "{", "\u0000", "[".repeat(5000), `"${"x".repeat(200_000)}"`]) localStorage.setItem("oauth-status", text);
    localStorage.removeItem("oauth-status");
    channel.close();
  }, junk);
  await browser.until(async () => (await droppedOf(starter)) > before, "dropped messages to be counted");
  await starter.quiet();
  assert.equal((await starter.flow(id)).status, "pending");
  assert.equal((await starter.diagnostics()).listenerErrors, 0);
  assert.equal(await starter.run(() => ({}).polluted === undefined), true);
  // What is stored is junk to the next page as well.
  await starter.reload();
  await starter.ready();
  assert.equal((await starter.flow(id)).status, "pending");

  await sender.run((flowId) => {
    const channel = new BroadcastChannel("oauth-status");
    channel.postMessage({ type: "oauth-complete", v: 1, id: "true-notice-1", provider: "github", success: true, flowId, timestamp: Date.now() });
    channel.close();
  }, id);
  await allHearOneCompleted([starter], id);
});

const forged = [
  { name: "our_callback_page_for_this_flow", url: (origin, flowId) => `${origin}/test/callback.html?${new URLSearchParams({ leave: "never", notice: JSON.stringify({ provider: "github", success: true, flowId, integrationId: "evil" }) })}` },
  { name: "our_callback_page_for_any_flow", url: (origin) => `${origin}/test/callback.html?${new URLSearchParams({ leave: "never", notice: JSON.stringify({ provider: "github", success: true, integrationId: "evil" }) })}` },
  { name: "the_servers_callback_with_a_made_up_code", url: (origin, _flowId, issuer) => `${origin}/oauth/callback/github?${new URLSearchParams({ code: "made-up", state: "made-up", iss: issuer })}` },
  { name: "the_servers_callback_with_an_error", url: (origin, _flowId, issuer) => `${origin}/oauth/callback/github?${new URLSearchParams({ error: "access_denied", state: "made-up", iss: issuer })}` },
];

for (const { name, url } of forged) {
  scenario(`nothing_becomes_connected_by_a_forged_url_of_${name}`, async ({ open, world, browser }) => {
    const starter = await open();
    const other = await open();
    const { id, window } = await starter.startWithWindow("github");
    await window.signIn();
    const asked = world.front.status.asked.length;
    const visitor = await browser.openTab(url(world.origin, id, world.provider.issuer));
    // The server is asked what is true, or the page that spoke told nobody anything.
    if (name.startsWith("our_callback")) await browser.until(async () => world.front.status.asked.length > asked, "a check");
    else await visitor.shows("body");
    for (const tab of [starter, other]) {
      await tab.quiet();
      assert.equal((await tab.flow(id)).status, "pending", tab.name);
      assert.deepEqual(tab.events({ type: "completed" }), []);
    }
    await window.allow();
    await allHearOneCompleted([starter, other], id);
    assert.notEqual((await starter.flow(id)).integrationId, "evil");
  });
}

scenario("a_forged_url_of_a_flow_that_nobody_started_connects_nothing", async ({ open, world, browser }) => {
  const page = await open();
  const notice = { provider: "github", success: true, flowId: "nobodys-flow-1", integrationId: "evil" };
  await browser.openTab(`${world.origin}/test/callback.html?${new URLSearchParams({ leave: "never", notice: JSON.stringify(notice) })}`);
  await browser.until(async () => world.front.status.asked.some(({ flow }) => flow === "nobodys-flow-1"), "the server to be asked");
  await page.quiet();
  assert.deepEqual(await page.run(() => window.sync.flows()), []);
  assert.deepEqual(page.events(), []);
});

// eliza#22410, oidc-client-ts#466: what travels or stays must not be worth stealing. Every test ends with this look.
scenario("no_secret_is_stored_told_or_logged_and_the_look_for_them_finds_one", async ({ open, world, browser }) => {
  const starter = await open();
  const other = await open();
  const { id, window } = await starter.startWithWindow("github");
  await window.allow();
  await window.closed();
  await allHearOneCompleted([starter, other], id);
  assert.ok(world.provider.secrets.size >= 4, "a code, a verifier and tokens");
  assert.deepEqual(await leaks({ world, browser }), []);

  const { query } = world.front.requests.find(({ path }) => path === "/oauth/callback/github");
  const planted = [...world.provider.secrets, query.get("state")];
  for (const secret of planted) {
    await starter.run((text) => localStorage.setItem("planted", text), secret);
    const found = await leaks({ world, browser });
    assert.ok(found.some((text) => text.endsWith("in a page")), secret);
  }
  await browser.until(async () => planted.every((secret) => world.front.said.join().includes(secret)), "what was stored to be told");
  assert.ok((await leaks({ world, browser })).some((text) => text.endsWith("in a message or a stored value")));
  await starter.run(() => localStorage.removeItem("planted"));
  world.front.said.length = 0;
  // As the name of a key, and in a URL.
  await starter.run((text) => localStorage.setItem(`planted ${text}`, ""), planted[0]);
  assert.ok((await leaks({ world, browser })).some((text) => text.endsWith("in a page")));
  await starter.run((text) => localStorage.removeItem(`planted ${text}`), planted[0]);
  await browser.until(async () => world.front.said.join().includes(planted[0]), "the key to be told");
  world.front.said.length = 0;
  await starter.run((text) => fetch(`/test/app.html?planted=${text}`), planted[0]);
  assert.deepEqual((await leaks({ world, browser })).map((text) => text.replace(/^.{4}/u, "")), ["… in a URL"]);
  world.front.requests.pop();
  world.log.add({ tab: "tab1", kind: "planted", text: planted[0] });
  assert.equal((await leaks({ world, browser })).length, 1);
  world.log.clear();

  // The flow's own URL is no secret, but what the app gave as one stays out as well.
  const stored = await starter.run(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.ok(!stored.includes("/oauth/start/"), "no URL is stored");
});
