/** What reached a socket and how it ended; one for each connection of a hostile client or a relay. */
export class Stranger implements Disposable {
  readonly #socket: Bun.Socket<undefined>;
  readonly #closed: Promise<void>;
  readonly #received: { bytes: number };
  readonly #drained: { wake: () => void };

  private constructor(
    socket: Bun.Socket<undefined>,
    closed: Promise<void>,
    received: { bytes: number },
    drained: { wake: () => void },
  ) {
    this.#socket = socket;
    this.#closed = closed;
    this.#received = received;
    this.#drained = drained;
  }

  /** Dials a node without the intention to be one; with `tls` the handshake of TLS is done when this resolves. */
  static async dial(port: number, options: { readonly tls: boolean }): Promise<Stranger> {
    const closed = Promise.withResolvers<void>();
    const secured = Promise.withResolvers<void>();
    // Nobody waits for it without TLS.
    secured.promise.catch(() => {});
    const received = { bytes: 0 };
    const drained = { wake: () => {} };
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      ...(options.tls ? { tls: { rejectUnauthorized: false } } : {}),
      socket: {
        handshake: () => secured.resolve(),
        data: (_socket, chunk) => void (received.bytes += chunk.length),
        drain: () => drained.wake(),
        error: () => {},
        close() {
          secured.reject(new Error("closed during the handshake of TLS"));
          drained.wake();
          closed.resolve();
        },
      },
    });
    if (options.tls) await secured.promise;
    return new Stranger(socket, closed.promise, received, drained);
  }

  get bytesReceived(): number {
    return this.#received.bytes;
  }

  /** Resolves when the node has closed the connection. */
  closed(): Promise<void> {
    return this.#closed;
  }

  /** Writes as much as the node takes; how many bytes that were. Ends early when the node closes. */
  async write(bytes: Uint8Array): Promise<number> {
    let offset = 0;
    while (offset < bytes.length) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained.wake = resolve;
      const written = this.#socket.write(bytes, offset, bytes.length - offset);
      if (written < 0) break;
      offset += written;
      if (offset < bytes.length) await Promise.race([promise, this.#closed]);
    }
    return offset;
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}
