// The waiting tab: has the callback window send by each candidate in turn, and takes the time of what arrives.
import { OAuthSync } from "/oauth-sync/index.js";
import { report } from "/report.js";

const query = new URLSearchParams(location.search);
const [samples, warmUp] = ["samples", "warmUp"].map((name) => Number(query.get(name)));
const frame = document.querySelector("iframe").contentWindow;
const channel = new BroadcastChannel("bare");
let discarded = 0;

const nextSent = () => new Promise((resolve) => (window.sent = resolve));
const loaded = nextSent();
const popup = open("/callback.html", "callback", "popup,width=300,height=300");
await loaded;

/** Milliseconds from the send until `arrival`, and the channel that was first. */
async function time(send, notice, arrival) {
  const sent = nextSent();
  popup.postMessage({ send, notice }, origin);
  const { at, via } = await arrival;
  await sent;
  return { ms: at - window.sentAt, via };
}

const noticeOf = (flowId) => ({
  type: "oauth-complete", v: 1, id: crypto.randomUUID(), provider: "github", success: true, flowId, integrationId: "int_1", timestamp: Date.now(),
});

function heard(target, after = () => {}) {
  return new Promise((resolve) => {
    target.onmessage = async ({ data }) => {
      if (data.type !== "oauth-complete") return;
      await after(data);
      resolve({ at: performance.now() });
    };
  }).finally(() => (target.onmessage = null));
}

const status = (flowId) => `/status?flow=${flowId}`;
const settle = (flowId) => fetch(`/settle?flow=${flowId}`, { method: "POST" });

/** An instance of its own with one pending flow, as a tab has it that waits. */
async function throughModule(flowId, options) {
  localStorage.clear();
  sessionStorage.clear();
  performance.clearResourceTimings();
  const sync = await OAuthSync.open(options);
  try {
    if (options.statusUrl) await until(() => sync.diagnostics().poller === "this");
    sync.start("github", { target: frame, flowId, url: () => new Promise(() => {}) });
    if (options.statusUrl) {
      // The check that a start makes is over before the notice comes, and the server is through before its page speaks.
      await until(() => performance.getEntriesByType("resource").some(({ name }) => name.includes(`/status?flow=${flowId}`)));
      await settle(flowId);
    }
    await turn();
    if (sync.flows().find(({ id }) => id === flowId).status !== "pending") return undefined;
    const arrival = new Promise((resolve) => {
      sync.subscribe(({ type, via, flow }) => {
        if (type !== "completed" || flow.id !== flowId) return;
        resolve({ at: performance.now(), via });
      });
    });
    return await time("notify", noticeOf(flowId), arrival);
  } finally {
    sync.close();
  }
}

/** A task later. Timers of a page that is not seen are late; messages are not. */
const turn = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = resolve;
  port2.postMessage(null);
});

async function until(look) {
  while (!look()) await turn();
}

const candidates = {
  "bare BroadcastChannel": (flowId) => time("channel", noticeOf(flowId), heard(channel)),
  "bare postMessage": (flowId) => time("message", noticeOf(flowId), heard(window)),
  "notify to event, confirmation off": (flowId) => throughModule(flowId, {}),
  "bare BroadcastChannel, then fetch": async (flowId) => {
    await settle(flowId);
    return time("channel", noticeOf(flowId), heard(channel, async () => (await fetch(status(flowId))).json()));
  },
  "notify to event, confirmation on": (flowId) => throughModule(flowId, { statusUrl: "/status" }),
};
const names = Object.keys(candidates);
const results = Object.fromEntries(names.map((name) => [name, []]));

for (let round = -warmUp; round < samples; round += 1) {
  for (let index = 0; index < names.length; index += 1) {
    const name = names[(index + round + warmUp) % names.length];
    let sample;
    // On a busy machine a check of the schedule may come before the notice: that is no sample.
    while (((sample = await candidates[name](crypto.randomUUID()))?.ms ?? -1) < 0) discarded += 1;
    if (round >= 0) results[name].push(sample);
  }
}
popup.close();
report({ results, discarded });
