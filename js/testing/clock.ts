/** Time that passes when it is told to. */

// Taken when this file is loaded: a test that fakes timers fakes them later, and the page's own time has to go on.
const RealDate = Date;
const later: (run: () => void) => void =
  (globalThis as { setImmediate?: (run: () => void) => void }).setImmediate ??
  ((run) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      run();
    };
    port2.postMessage(undefined);
  });

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class Clock {
  readonly #start: number;
  #elapsed = 0;
  #lastId = 0;
  readonly #timers = new Map<number, Timer>();

  constructor(start: number) {
    this.#start = start;
  }

  /** Milliseconds since this clock began. */
  readonly elapsed = (): number => this.#elapsed;

  /** Milliseconds since the epoch. */
  readonly now = (): number => this.#start + this.#elapsed;

  readonly setTimeout = (run: (...args: unknown[]) => void, delay = 0, ...args: unknown[]): number => {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { at: this.#elapsed + Math.max(0, Number(delay) || 0), run: () => run(...args) });
    return this.#lastId;
  };

  readonly clearTimeout = (id: number): void => void this.#timers.delete(id);

  /** Lets `ms` pass, and everything happen in it, in its order. Ends sooner when `isOver` says so. */
  async advance(ms: number, isOver = () => false): Promise<void> {
    const end = this.#elapsed + ms;
    await rest();
    while (!isOver()) {
      const [id, timer] = this.#next() ?? [];
      if (!timer || timer.at > end) {
        this.#elapsed = end;
        return;
      }
      this.#timers.delete(id as number);
      this.#elapsed = Math.max(this.#elapsed, timer.at);
      timer.run();
      await rest();
    }
  }

  clear(): void {
    this.#timers.clear();
  }

  /** The `Date` of this clock. */
  date(): DateConstructor {
    const { now } = this;
    return class extends RealDate {
      static override now = now;
      constructor(...args: unknown[]) {
        super(...((args.length ? args : [now()]) as [number]));
      }
    } as DateConstructor;
  }

  #next(): [number, Timer] | undefined {
    let next: [number, Timer] | undefined;
    for (const entry of this.#timers) if (!next || entry[1].at < next[1].at) next = entry;
    return next;
  }
}

/** Until every promise and microtask that is due is done. */
export function rest(): Promise<void> {
  return new Promise((resolve) => later(resolve));
}
