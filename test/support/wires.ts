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
  /** Every socket breaks after it has brought so many bytes. */
  cutAfterBytes = Infinity;
  /** Sockets that broke for that reason. */
  cuts = 0;
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
    for (const wire of [...this.#wires]) {
      if (wire.isHeld) this.#wires.delete(wire);
      wire.cut();
    }
  }

  /** The operating system's end of the node: everything is reset, and nobody answers any more. */
  die(): void {
    this.#dead = true;
    for (const listener of this.#listeners) listener.close();
    this.cut();
  }

  /** Nothing arrives any more, not even the end of a socket, until `thaw`; what is written still leaves. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const wire of [...this.#wires]) {
      if (wire.isHeld) this.#wires.delete(wire);
      wire.thaw();
    }
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
        wire = new Wire(connection, handler, this.#chunkBytes);
        this.#wires.add(wire);
        handler.opened(connection);
        if (this.#dead) wire.cut();
      },
      received: (bytes) => {
        this.received += bytes.length;
        wire?.received(bytes, this.#frozen);
        if (wire !== undefined && wire.receivedBytes > this.cutAfterBytes) {
          this.cuts++;
          wire.cut();
        }
      },
      drained: () => handler.drained(),
      closed: (error) => {
        if (wire === undefined) return handler.closed(error);
        wire.closed(error, this.#frozen);
        if (!wire.isHeld) this.#wires.delete(wire);
      },
    };
  }
}

class Wire {
  readonly #connection: Connection;
  readonly #handler: ConnectionHandler;
  readonly #chunkBytes: number;
  /** What came while everything was frozen. */
  #held: Uint8Array[] = [];
  #heldEnd: { readonly error: ConnectionError | undefined } | undefined;
  #cut = false;
  receivedBytes = 0;

  constructor(connection: Connection, handler: ConnectionHandler, chunkBytes: number) {
    this.#connection = connection;
    this.#handler = handler;
    this.#chunkBytes = chunkBytes;
  }

  /** Its end has still to be told. */
  get isHeld(): boolean {
    return this.#heldEnd !== undefined;
  }

  received(bytes: Uint8Array, frozen: boolean): void {
    this.receivedBytes += bytes.length;
    if (frozen) this.#held.push(bytes);
    else for (const piece of pieces(bytes, this.#chunkBytes)) this.#handler.received(piece);
  }

  closed(error: ConnectionError | undefined, frozen: boolean): void {
    if (frozen && !this.#cut) this.#heldEnd = { error };
    else this.#handler.closed(error);
  }

  cut(): void {
    this.#cut = true;
    this.#held = [];
    this.#connection.terminate();
    this.thaw();
  }

  thaw(): void {
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.received(bytes, false);
    const end = this.#heldEnd;
    this.#heldEnd = undefined;
    if (end !== undefined) this.#handler.closed(end.error);
  }
}

function* pieces(bytes: Uint8Array, length: number): Iterable<Uint8Array> {
  if (length >= bytes.length) return yield bytes;
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}
