// The callback window. It tells the waiting page the time by that page's own clock, and sends.
import { notify } from "/oauth-sync/callback.js";

const channel = new BroadcastChannel("bare");
const senders = {
  channel: (notice) => channel.postMessage(notice),
  message: (notice) => opener.postMessage(notice, origin),
  notify: ({ provider, success, flowId, integrationId }) => notify({ provider, success, flowId, integrationId }),
};

addEventListener("message", async ({ data }) => {
  if (data.send === undefined) return;
  opener.sentAt = opener.performance.now();
  await senders[data.send](data.notice);
  opener.sent();
});
opener.sent();
