// Put before the glue of the module, whose calls go through it: a later version, which says more and keeps more than this one knows.
const next = {
  post(target, message) {
    target.postMessage({ ...message, v: 2, by: "9.0.0", hints: [{ deep: { deeper: [null, 1, "x".repeat(100)] } }] });
    if (message.scope !== undefined) target.postMessage({ type: "oauth-sync-presence", v: 2, scope: message.scope, members: 2 });
  },
  write(storage, key, text) {
    storage.setItem(key, JSON.stringify({ ...JSON.parse(text), v: 2, by: "9.0.0", hints: [{ deep: {} }] }));
    const [, scope, flow] = /^([^:]*~[^:]*):s:(.*)$/u.exec(key) ?? [];
    if (flow === undefined || storage !== localStorage) return;
    // A kind of record and a status that are still to come.
    storage.setItem(`${scope}:k:${flow}`, JSON.stringify({ v: 2, keys: [1, 2] }));
    storage.setItem(`${scope}:v:${flow}:paused:server:0000000000000000`, JSON.stringify({ v: 2, status: "paused", basis: "server", settledAt: Date.now() }));
  },
};
