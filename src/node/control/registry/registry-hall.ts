/** Where a holder's clients come in: the listeners of the registry port, and one `RegistryVisitor` for each connection. */
import { ConnectionError } from "../../../base/error.ts";
import type { DeskReply, RegistryDesk } from "../../../cluster/registry/registry-desk.ts";
import type { Clock, Timer } from "../../../port/clock.ts";
import type { LogSink } from "../../../port/log.ts";
import type {
  Attempt,
  Connection,
  ConnectionHandler,
  Listener,
  Transport,
} from "../../../port/transport.ts";
import { Admission, type Stranger } from "../../admission.ts";
import { isLoopback } from "../../../config/node-name.ts";
import { Outbox } from "../../outbox.ts";

/** Milliseconds that a client may take for its one request, and to read the answer. */
const VISIT_MS = 2_000;
/** Clients that have not registered; over it the oldest goes. Registered ones are bounded by the desk. */
const VISITORS_MAX = 256;

const LOOPBACK = "127.0.0.1";
const WILDCARDS: readonly string[] = ["0.0.0.0", "::"];

export interface HallWorld {
  readonly clock: Clock;
  readonly log: LogSink;
  readonly transport: Transport;
}

export class RegistryHall {
  readonly #world: HallWorld;
  readonly #desk: RegistryDesk;
  readonly #port: number;
  readonly #listeners = new Map<string, Listener>();
  readonly #visitors = new Set<RegistryVisitor>();
  readonly #admission = new Admission({
    unauthenticated: VISITORS_MAX,
    unauthenticatedPerAddress: VISITORS_MAX,
  });
  #nextId = 1;

  /** @throws {ConnectionError} address_in_use: somebody else holds the port */
  constructor(world: HallWorld, desk: RegistryDesk, port: number) {
    this.#world = world;
    this.#desk = desk;
    this.#port = port;
    const [first, ...more] = hallHosts(desk.listenHosts);
    try {
      this.#listen(first);
    } catch (error) {
      if (first === LOOPBACK) throw error;
      // Another program has the port on one of this machine's addresses; the nodes of the host still need to meet.
      this.#listen(LOOPBACK);
    }
    for (const host of more) this.#widen(host);
  }

  close(): void {
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    const error = new ConnectionError("closed_here", "the node stops");
    for (const visitor of this.#visitors) visitor.drop(error);
  }

  #listen(host: string): void {
    const address = { host, port: this.#port };
    const listener = this.#world.transport.listen(address, (remoteHost, incoming) =>
      this.#accept(remoteHost, incoming),
    );
    this.#listeners.set(host, listener);
  }

  /** Listens on one more address; that it cannot be had is the business of those who look up names there. */
  #widen(host: string): boolean {
    try {
      this.#listen(host);
      return true;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      const fields = { host, port: this.#port, error: error.message };
      this.#world.log.write("warn", "the node registry cannot listen", fields);
      return false;
    }
  }

  /** A node that listens on more addresses than the holder did has registered. */
  #adapt(): void {
    const wanted = hallHosts(this.#desk.listenHosts);
    const fresh = wanted.filter((host) => !this.#listeners.has(host));
    const wildcard = fresh.find((host) => WILDCARDS.includes(host));
    if (wildcard === undefined) {
      for (const host of fresh) this.#widen(host);
      return;
    }
    if (WILDCARDS.some((host) => this.#listeners.has(host))) return;
    // An address and all addresses cannot be listened on at once. Nothing runs between the two.
    const before = [...this.#listeners.keys()];
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    if (!this.#widen(wildcard)) for (const host of before) this.#widen(host);
  }

  #accept(remoteHost: string, incoming: Attempt): RegistryVisitor {
    const id = this.#nextId++;
    this.#desk.opened(id, isLoopback(remoteHost));
    const visitor = new RegistryVisitor(remoteHost, incoming, this.#world.clock, {
      received: (bytes) => this.#desk.received(id, bytes),
      registered: () => {
        this.#admission.remove(visitor, remoteHost);
        this.#adapt();
      },
      closed: () => {
        this.#admission.remove(visitor, remoteHost);
        this.#visitors.delete(visitor);
        this.#desk.closed(id);
      },
    });
    this.#visitors.add(visitor);
    this.#admission.add(visitor, remoteHost);
    return visitor;
  }
}

interface VisitorEvents {
  received(bytes: Uint8Array): DeskReply;
  registered(): void;
  closed(): void;
}

/** One client's connection. */
class RegistryVisitor implements ConnectionHandler, Stranger {
  readonly remoteHost: string;
  readonly #incoming: Attempt;
  readonly #clock: Clock;
  readonly #events: VisitorEvents;
  readonly #outbox = new Outbox();
  #connection: Connection | undefined;
  #timer: Timer | undefined;
  #closing = false;

  constructor(remoteHost: string, incoming: Attempt, clock: Clock, events: VisitorEvents) {
    this.remoteHost = remoteHost;
    this.#incoming = incoming;
    this.#clock = clock;
    this.#events = events;
    this.#timer = clock.setTimer(VISIT_MS, () => {
      this.#timer = undefined;
      this.drop();
    });
  }

  opened(connection: Connection): void {
    this.#connection = connection;
  }

  received(bytes: Uint8Array): void {
    if (this.#closing) return;
    const { answers, after } = this.#events.received(bytes);
    for (const answer of answers) this.#outbox.push(answer);
    this.#closing = after === "close";
    this.#flush();
    if (after !== "keep") return;
    this.#stopTimer();
    this.#events.registered();
  }

  drained(): void {
    this.#flush();
  }

  closed(): void {
    this.#stopTimer();
    this.#events.closed();
  }

  drop(_error?: ConnectionError): void {
    this.#incoming.cancel();
  }

  #flush(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#outbox.flush(connection);
    if (this.#closing && this.#outbox.bytes === 0) connection.end();
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}

/**
 * Where to listen so that this host's nodes reach the registry over loopback, and other hosts wherever a node listens:
 * one address for all, or loopback first and then the others.
 */
export function hallHosts(listenHosts: readonly string[]): readonly [string, ...string[]] {
  if (listenHosts.includes("::")) return ["::"];
  if (listenHosts.includes("0.0.0.0")) return ["0.0.0.0"];
  return [LOOPBACK, ...listenHosts.filter((host) => !isLoopback(host))];
}
