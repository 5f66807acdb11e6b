declare const portEnd: unique symbol;

/** One end of a channel on its way to the thread that will use it; only good for handing on and for `Threads.port`. */
export interface PortEnd {
  readonly [portEnd]: true;
}

/** What moves to the other thread instead of being cloned. */
export type Transfer = readonly (ArrayBuffer | PortEnd)[];

/** One end of an ordered channel between two threads of this node. */
export interface ThreadPort {
  /**
   * `message` is cloned, except buffers and port ends named in `transfer`, which move. Never waits; a message to a
   * thread that is gone vanishes.
   */
  post(message: unknown, transfer?: Transfer): void;
  /** Sets who receives; messages that came before are kept for it. */
  receive(handler: (message: unknown) => void): void;
  close(): void;
}

/** A thread that this thread started. */
export interface Thread {
  readonly port: ThreadPort;
  /** Ends the thread, also one that never returns to its event loop. */
  terminate(): void;
}

export interface Threads {
  /**
   * Starts a thread with `data` (cloned, except what `transfer` names). `role` says what it is to run. `exited` is called
   * once, however it ends; `error` is what ended it, if anything did. Messages posted before it receives are kept.
   */
  start(
    role: "scheduler" | "control",
    data: unknown,
    exited: (error: Error | undefined) => void,
    transfer?: Transfer,
  ): Thread;
  /**
   * A pair of ends that may be handed to two other threads, inside `data` or a posted message and named in its
   * `transfer`.
   */
  channel(): readonly [PortEnd, PortEnd];
  /** Makes a port of an end, made here or received from another thread. */
  port(end: PortEnd): ThreadPort;
}
