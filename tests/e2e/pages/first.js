/**
 * The first script of every page that the test server hands out: it puts in the faults that the server names in this
 * script's own address, and reports what goes wrong on pages that carry a tab's name.
 */
(() => {
  const refuse = (target, name) => Object.defineProperty(target, name, {
    configurable: true,
    get() {
      throw new DOMException("refused by the test", "SecurityError");
    },
  });
  const fix = (target, name, value) => Object.defineProperty(target, name, { configurable: true, value });

  const later = (minutes) => {
    const now = Date.now;
    Date.now = () => now() + minutes * 60_000;
  };

  const faults = {
    "no-broadcast-channel": () => delete window.BroadcastChannel,
    "no-storage-events": () => addEventListener("storage", (event) => event.stopImmediatePropagation(), true),
    // As in some versions of Safari.
    "storage-events-for-the-writer": () => {
      const { setItem } = Storage.prototype;
      Storage.prototype.setItem = function (key, value) {
        const oldValue = this.getItem(key);
        setItem.call(this, key, value);
        const event = new StorageEvent("storage", { key, oldValue, newValue: String(value), storageArea: this, url: location.href });
        setTimeout(() => dispatchEvent(event));
      };
    },
    "locks-refuse": () => fix(Navigator.prototype, "locks", {
      request: async () => {
        throw new DOMException("refused by the test", "SecurityError");
      },
    }),
    "locks-silent": () => fix(Navigator.prototype, "locks", { request: () => new Promise(() => {}) }),
    "no-locks": () => fix(Navigator.prototype, "locks", undefined),
    "no-opener": () => fix(window, "opener", null),
    "storage-throws": () => refuse(window, "localStorage"),
    "session-throws": () => refuse(window, "sessionStorage"),
    "storage-null": () => fix(window, "localStorage", null),
    // Filled to the last code unit, as a browser's own quota would have it.
    "storage-full": () => {
      for (let size = 2 ** 22; size >= 1; size /= 2) {
        try {
          for (let part = 0; part < 4; part += 1) localStorage.setItem(`fill-${size}-${part}`, "x".repeat(size));
        } catch {
          // This size no longer fits; a smaller one may.
        }
      }
    },
    // The first click is spent on another window, so that the browser's own blocker meets the one that it was meant for.
    "click-spent": () => addEventListener("click", () => window.open("about:blank", "_blank", "width=50,height=50")?.close(), { capture: true, once: true }),
    "fourteen-minutes-later": () => later(14),
    "sixteen-minutes-later": () => later(16),
    "windows-refused": () => fix(window, "open", () => null),
  };
  // A machine that sleeps: the wall clock is an hour on when the page is resumed, and the monotonic clock is not.
  faults["sleeps-an-hour"] = () => {
    const now = Date.now;
    let slept = 0;
    Date.now = () => now.call(Date) + slept;
    document.addEventListener("resume", () => {
      slept += 3_600_000 + 60_000;
    }, true);
  };
  const asked = new URL(document.currentScript.src).searchParams.get("faults") ?? "";
  for (const name of asked.split(",").filter(Boolean)) faults[name]();

  // A browser loses beacons where many are on their way, without a word to who sent them. So reports go by fetch, all that there are at a time,
  // until they have arrived; what a page leaves behind as it goes is a beacon as well, for it may never come back.
  const path = "/test/reports";
  const { fetch } = window;
  let waiting = [];
  let arriving = Promise.resolve();
  let isLeaving = false;
  const leaveBehind = () => {
    if (waiting.length) navigator.sendBeacon(path, JSON.stringify(waiting));
  };
  const arrive = async () => {
    while (waiting.length) {
      const batch = [...waiting];
      // Not to be read: a sandboxed page is of another origin.
      const isThere = await fetch(path, { method: "POST", body: JSON.stringify(batch), mode: "no-cors" }).then(() => true, () => false);
      if (isThere) waiting = waiting.filter((each) => !batch.includes(each));
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const send = (report) => {
    waiting.push(report);
    if (isLeaving) leaveBehind();
    arriving = arriving.then(arrive);
  };
  /** Resolves when all that this page has to tell is there. */
  window.arrived = () => arriving;
  const leave = () => {
    isLeaving = true;
    leaveBehind();
  };
  const stay = () => {
    isLeaving = false;
  };
  addEventListener("pagehide", leave);
  addEventListener("pageshow", stay);
  document.addEventListener("freeze", leave);
  document.addEventListener("resume", stay);

  // What is sent and stored goes to the test too, which knows what must never be in it.
  const tell = (what) => {
    if (window.isFlooded) return;
    let text = "";
    try {
      text = JSON.stringify(what) ?? "";
    } catch {
      // What has no JSON is nothing of ours.
    }
    if (text.length < 10_000) send({ kind: "said", text });
  };
  const overhear = (type, method) => {
    const original = type?.prototype[method];
    if (!original) return;
    type.prototype[method] = function (...args) {
      tell(args);
      return original.apply(this, args);
    };
  };
  if (location.pathname !== "/test/away.html") {
    overhear(window.BroadcastChannel, "postMessage");
    overhear(window.Storage, "setItem");
    addEventListener("message", ({ data }) => tell(data));
  }

  const tab = new URLSearchParams(location.search).get("tab");
  if (tab === null) return;
  const id = Math.random().toString(36).slice(2, 6);
  let seq = 0;
  window.report = (kind, details = {}) => {
    seq += 1;
    send({ tab, document: id, seq, kind, at: Date.now(), ...details });
  };
  window.report("load", { path: location.pathname });
  document.addEventListener("visibilitychange", () => window.report("visibility", { state: document.visibilityState }));
  addEventListener("pageshow", ({ persisted }) => persisted && window.report("restored"));
  addEventListener("error", ({ message }) => window.report("error", { message }));
  addEventListener("unhandledrejection", ({ reason }) => window.report("error", { message: `unhandled: ${reason?.code ?? ""} ${reason}` }));
})();
