import type { Process } from "./process.ts";

/** `ctx.messages()`: `receive` without end. Leaving the loop takes no message along. */
export class MessageIterator implements AsyncIterableIterator<unknown> {
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#process.receiveNext();
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    return Promise.resolve({ done: true, value });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
