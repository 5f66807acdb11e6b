import type { Connection } from "../port/transport.ts";

/** Whole frames on their way to a connection that takes only what its kernel buffer holds. */
export class Outbox {
  readonly #queue: Uint8Array[] = [];
  #offset = 0;
  /** Bytes that wait. */
  bytes = 0;

  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.bytes += bytes.length;
  }

  /** Writes what the connection takes. False when it is closed. */
  flush(connection: Connection): boolean {
    while (this.#queue.length > 0) {
      const head = this.#queue[0]!;
      const taken = connection.write(head, this.#offset, head.length - this.#offset);
      if (taken < 0) return false;
      this.#offset += taken;
      this.bytes -= taken;
      if (this.#offset < head.length) return true;
      this.#queue.shift();
      this.#offset = 0;
    }
    return true;
  }
}
