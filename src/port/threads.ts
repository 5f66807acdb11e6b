/** One end of an ordered channel between two threads of this node. */
export interface ThreadPort {
  /** `message` is cloned, except buffers in `transfer`, which move. Never waits, never fails. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
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
   * Starts a thread with `data` (cloned). `role` says what it is to run. `exited` is called once, however it ends;
   * `error` is what ended it, if anything did.
   */
  start(
    role: "scheduler" | "control",
    data: unknown,
    exited: (error: Error | undefined) => void,
  ): Thread;
  /** A pair of ends that may be handed to two other threads inside `data` or a posted message. */
  channel(): readonly [transferable: unknown, transferable: unknown];
  /** Makes a port of an end received from another thread. */
  port(transferable: unknown): ThreadPort;
}
