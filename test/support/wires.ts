/** Real sockets with a hand on every one of them: cut, held back, refused. A transport for nodes in tests. */
import { ConnectionError } from "../../src/base/error.ts";
import { clock } from "../../src/bun/clock.ts";
import type {
  Address,
  Attempt,
  Connection,
  ConnectionHandler,
  Listener,
  Transport,
} from "../../src/port/transport.ts";

export class Wires implements Transport {
  readonly #inner: Transport;
  readonly #chunkBytes: number;
  readonly #wires = new Set<Wire>();
  readonly #listeners = new Set<Listener>();
  #dead = false;
  #frozen = false;
  /** Sockets that opened so far. */
  opened = 0;
  /** Bytes that arrived so far. */
  received = 0;

  /** `chunkBytes`: what arrives is handed on in pieces of at most so many bytes. */
  constructor(inner: Transport, chunkBytes = Infinity) {
    this.#inner = inner;
    this.#chunkBytes = chunkBytes;
  }

  /** Sockets that are open now. */
  get open(): number {
    return this.#wires.size;
  }

  get isFrozen(): boolean {
    return this.#frozen;
  }

  /** Breaks every socket that is open; new ones may be made. Both ends see a reset. */
  cut(): void {
    for (const wire of this.#wires) wire.cut();
  }

  /** The operating system's end of the node: everything is reset, and nobody answers any more. */
  die(): void {
    this.#dead = true;
    for (const listener of this.#listeners) listener.close();
    this.cut();
  }

  /** Nothing arrives any more, and nobody is told; what was written stays with the sockets. */
  freeze(): void {
    this.#frozen = true;
    for (const wire of this.#wires) wire.connection.pause();
  }

  thaw(): void {
    this.#frozen = false;
    for (const wire of this.#wires) wire.thaw();
  }

  listen(
    address: Address,
    accept: (remoteHost: string, incoming: Attempt) => ConnectionHandler,
  ): Listener {
    const listener = this.#inner.listen(address, (remoteHost, incoming) =>
      this.#wire(accept(remoteHost, incoming)),
    );
    this.#listeners.add(listener);
    return listener;
  }

  dial(address: Address, handler: ConnectionHandler): Attempt {
    if (!this.#dead) return this.#inner.dial(address, this.#wire(handler));
    clock.afterIo(() => handler.closed(new ConnectionError("connection_refused", "dead")));
    return { cancel: () => undefined };
  }

  #wire(handler: ConnectionHandler): ConnectionHandler {
    let wire: Wire | undefined;
    return {
      opened: (connection) => {
        this.opened++;
        wire = new Wire(connection, handler);
        this.#wires.add(wire);
        handler.opened(connection);
        if (this.#frozen) connection.pause();
        if (this.#dead) wire.cut();
      },
      received: (bytes) => {
        this.received += bytes.length;
        if (this.#frozen) wire?.held.push(bytes);
        else for (const piece of pieces(bytes, this.#chunkBytes)) handler.received(piece);
      },
      drained: () => handler.drained(),
      closed: (error) => {
        if (wire !== undefined) this.#wires.delete(wire);
        handler.closed(error);
      },
    };
  }
}

function* pieces(bytes: Uint8Array, length: number): Iterable<Uint8Array> {
  if (length >= bytes.length) return yield bytes;
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

class Wire {
  readonly connection: Connection;
  /** What came although the socket was paused. */
  readonly held: Uint8Array[] = [];
  readonly #handler: ConnectionHandler;

  constructor(connection: Connection, handler: ConnectionHandler) {
    this.connection = connection;
    this.#handler = handler;
  }

  cut(): void {
    this.connection.terminate();
  }

  thaw(): void {
    for (const bytes of this.held.splice(0)) this.#handler.received(bytes);
    this.connection.resume();
  }
}
