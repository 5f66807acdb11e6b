/** Sockets that a test can break: what `testCluster` cuts and kills nodes with. */
import { ConnectionError } from "../base/error.ts";
import { clock } from "../bun/clock.ts";
import type {
  Accept,
  Address,
  Attempt,
  Connection,
  ConnectionHandler,
  Listener,
  Transport,
} from "../port/transport.ts";

export class BreakableTransport implements Transport {
  readonly #inner: Transport;
  readonly #listeners = new Set<Listener>();
  /** Every open connection, with the port that was dialled for it; accepted ones with 0. */
  readonly #open = new Map<Connection, number>();
  readonly #cut = new Set<BreakableTransport>();
  #isDead = false;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  listen(address: Address, accept: Accept): Listener {
    const listener = this.#inner.listen(address, (remoteHost, incoming) =>
      this.#follow(accept(remoteHost, incoming), 0),
    );
    this.#listeners.add(listener);
    return listener;
  }

  dial(address: Address, handler: ConnectionHandler): Attempt {
    const { port } = address;
    if (!this.#isDead && ![...this.#cut].some((other) => other.#listensOn(port))) {
      return this.#inner.dial(address, this.#follow(handler, port));
    }
    const error = new ConnectionError("connection_refused", "the test has cut the way");
    clock.afterIo(() => handler.closed(error));
    return { cancel: () => undefined };
  }

  /** Breaks what joins this node to another, and keeps it broken until `heal`. To be called on both. */
  cut(other: BreakableTransport): void {
    this.#cut.add(other);
    for (const [connection, port] of [...this.#open]) {
      if (other.#listensOn(port)) connection.terminate();
    }
  }

  heal(other: BreakableTransport): void {
    this.#cut.delete(other);
  }

  /** As if the machine had lost its power: every socket is reset, and nobody answers any more. */
  die(): void {
    this.#isDead = true;
    for (const listener of this.#listeners) listener.close();
    for (const connection of [...this.#open.keys()]) connection.terminate();
  }

  #listensOn(port: number): boolean {
    return port !== 0 && [...this.#listeners].some((listener) => listener.port === port);
  }

  #follow(handler: ConnectionHandler, port: number): ConnectionHandler {
    let opened: Connection | undefined;
    return {
      opened: (connection) => {
        opened = connection;
        this.#open.set(connection, port);
        handler.opened(connection);
        if (this.#isDead) connection.terminate();
      },
      received: (bytes) => handler.received(bytes),
      drained: () => handler.drained(),
      closed: (error) => {
        if (opened !== undefined) this.#open.delete(opened);
        handler.closed(error);
      },
    };
  }
}
