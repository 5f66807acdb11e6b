import type { ThreadPort } from "../port/threads.ts";

/** One end of a pair on the same thread. */
class LocalPort implements ThreadPort {
  peer: LocalPort | undefined;
  readonly #defer: (callback: () => void) => void;
  #handler: ((message: unknown) => void) | undefined;
  #queue: unknown[] = [];
  /** A delivery is on its way; it takes all that is queued by then. */
  #deferred = false;

  constructor(defer: (callback: () => void) => void) {
    this.#defer = defer;
  }

  post(message: unknown): void {
    this.peer?.accept(message);
  }

  receive(handler: (message: unknown) => void): void {
    this.#handler = handler;
    this.#schedule();
  }

  close(): void {
    if (this.peer !== undefined) this.peer.peer = undefined;
    this.peer = undefined;
  }

  accept(message: unknown): void {
    this.#queue.push(message);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#deferred || this.#handler === undefined || this.#queue.length === 0) return;
    this.#deferred = true;
    this.#defer(() => this.#deliver());
  }

  #deliver(): void {
    this.#deferred = false;
    const batch = this.#queue;
    this.#queue = [];
    let delivered = 0;
    try {
      for (const message of batch) {
        delivered++;
        this.#handler?.(message);
      }
    } finally {
      // A handler that threw took its own message with it, not those behind it.
      this.#queue = [...batch.slice(delivered), ...this.#queue];
      this.#schedule();
    }
  }
}

/**
 * Two ports that lead to each other on one thread, for inline nodes. Messages are handed over as they are, in order,
 * never inside `post`: `defer` says when, after the current step (`queueMicrotask`) or after I/O (`clock.afterIo`);
 * `deferRight` says it for what arrives at the second port, where that differs.
 */
export function createLocalPorts(
  defer: (callback: () => void) => void = queueMicrotask,
  deferRight = defer,
): readonly [ThreadPort, ThreadPort] {
  const left = new LocalPort(defer);
  const right = new LocalPort(deferRight);
  left.peer = right;
  right.peer = left;
  return [left, right];
}
