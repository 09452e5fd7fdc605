// What a script in the app's own page can do to it: every channel gets messages that no sender of ours would send, by
// dispatching events, so that what no clone lets through is there too. Loaded before the module, it knows its channels.
(() => {
  const channels = new Set();
  const Real = window.BroadcastChannel;
  window.BroadcastChannel = class extends Real {
    constructor(name) {
      super(name);
      channels.add(this);
    }
  };

  const hostile = new Error("a getter of the test");
  const nested = (depth) => {
    const outer = {};
    let inner = outer;
    for (let each = 0; each < depth; each += 1) inner = inner.error = { type: "oauth-complete" };
    return outer;
  };
  const cyclic = () => {
    const self = { type: "oauth-complete", v: 1, provider: "github", success: true };
    self.integrations = [self];
    self.error = self;
    self.id = self;
    return self;
  };
  const throwing = () => Object.defineProperties({}, Object.fromEntries(["type", "v", "id", "provider", "success", "flowId"].map((name) => [name, {
    enumerable: true,
    get() {
      throw hostile;
    },
  }])));
  const proxy = (data) => new Proxy(data, {
    get(target, name) {
      if (name === "success") throw hostile;
      return target[name];
    },
    ownKeys() {
      throw hostile;
    },
    getPrototypeOf() {
      throw hostile;
    },
    has() {
      throw hostile;
    },
  });
  const huge = "x".repeat(100_000);
  const notice = { type: "oauth-complete", v: 1, id: "flood-notice", provider: "github", success: true };
  const makers = [
    () => undefined,
    (index) => index,
    () => ({ ...notice, provider: huge }),
    () => ({ ...notice, flowId: "../../etc" }),
    () => nested(2000),
    () => JSON.parse(`{"type":"oauth-complete","v":1,"id":"flood-notice","__proto__":{"provider":"github","success":true,"polluted":true}}`),
    () => ({ type: "oauth-complete", constructor: { prototype: { polluted: true } }, toString: null, toJSON: () => { throw hostile; } }),
    cyclic,
    throwing,
    () => proxy({ ...notice }),
    () => Object.create({ ...notice, v: 99 }),
    () => ({ type: "oauth-sync", v: 1, scope: huge, flowId: huge, provider: [[[]]], verdict: cyclic() }),
    () => ({ type: "oauth-sync-removal", v: 1, scope: {}, at: "now" }),
    () => ({ type: "oauth-sync-here", v: 1, rank: Infinity, holdMs: NaN }),
    () => ({ type: "oauth-ack", v: 1, id: cyclic() }),
    () => Symbol("oauth-complete"),
  ];
  const texts = ["", "{", "\u0000", "[".repeat(5000), `"${huge}"`, `{"type":"oauth-complete","__proto__":{"success":true}}`, `{"provider":"github","success":"yes"}`, "null", "1e999"];

  const dropped = () => Object.values(window.sync.diagnostics().dropped).reduce((sum, count) => sum + count, 0);

  /**
   * Sends `count` of them by one channel after the other, in slices. Resolves with the longest turn in ms and, by channel, how many the
   * module counted.
   */
  window.flood = async (count) => {
    const { name: scoped } = [...channels].find(({ name }) => name.includes("~"));
    // What each key of ours may hold, and messages between windows.
    const keys = (index) => ["oauth-status", `oauth-status:flood-${index}`, `${scoped}:s:flood-${index}`, `${scoped}:v:flood-${index}:completed:server:0`, `${scoped}:m`];
    const says = (target) => (index) => {
      const data = makers[index % makers.length](index);
      target.dispatchEvent(new MessageEvent("message", { data, origin: location.origin, source: target === window ? window : null }));
    };
    const senders = {
      post_message: says(window),
      ...Object.fromEntries([...channels].map((channel) => [channel.name === scoped ? "between_windows" : "broadcast_channel", says(channel)])),
      storage: (index) => window.dispatchEvent(new StorageEvent("storage", { key: keys(index)[index % 5], newValue: texts[index % texts.length] })),
    };
    let longest = 0;
    const counted = {};
    window.isFlooded = true;
    for (const [channel, send] of Object.entries(senders)) {
      const before = dropped();
      for (let index = 0; index < count; index += 1) {
        const begun = performance.now();
        send(index);
        longest = Math.max(longest, performance.now() - begun);
        if (index % 100 === 99) await new Promise((resolve) => setTimeout(resolve));
      }
      counted[channel] = dropped() - before;
    }
    // What else a script can say by storage: that all of it is gone, and that somebody else's key has changed.
    for (const key of [null, "elsewhere", "oauth-status~0:s:flood"]) window.dispatchEvent(new StorageEvent("storage", { key, newValue: "{" }));
    window.isFlooded = false;
    return { longest, counted, polluted: {}.polluted === true };
  };
})();
