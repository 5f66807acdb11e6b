/**
 * A network of hosts in virtual time: byte streams that are slow, get cut in the middle of a frame, or fall silent.
 * What two hosts have between them is a `Link`; everything on it is decided by the world's random numbers.
 */
import { ConnectionError } from "../base/error.ts";
import type { Millis } from "../base/millis.ts";
import type { Prng } from "../base/prng.ts";
import type { Address } from "../port/transport.ts";
import type { ConnectionHandler } from "../port/transport.ts";
import type { EventQueue, Owner } from "./event-queue.ts";
import { SimConnection } from "./sim-connection.ts";

/** How two hosts are joined. */
export interface Link {
  /** Milliseconds that a byte takes at least, and how much longer it may take. */
  delayMs: Millis;
  jitterMs: Millis;
  /** Nothing gets through; sockets notice nothing until somebody gives up. */
  cut: boolean;
}

interface Listening {
  readonly owner: Owner;
  readonly accept: (
    remoteHost: string,
    incoming: { readonly cancel: () => void },
  ) => ConnectionHandler;
}

/** Milliseconds until a dial into silence is given up. */
const DIAL_MS_MAX = 3_000;

export class Network {
  readonly events: EventQueue;
  readonly random: Prng;
  /** Connections that stand, for faults. */
  readonly connections = new Set<SimConnection>();
  readonly #links = new Map<string, Link>();
  readonly #listening = new Map<string, Listening>();
  #nextPort = 20_000;
  /** Order and contents of everything delivered: two runs of one seed have the same. */
  hash = 0x811c_9dc5;

  constructor(events: EventQueue, random: Prng) {
    this.events = events;
    this.random = random;
  }

  /** The link between two hosts, the same both ways. */
  link(a: string, b: string): Link {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { delayMs: 0.2, jitterMs: 0.8, cut: false };
      this.#links.set(key, link);
    }
    return link;
  }

  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** @throws {ConnectionError} address_in_use */
  listen(
    address: Address,
    owner: Owner,
    accept: Listening["accept"],
  ): { port: number; close(): void } {
    const port = address.port === 0 ? this.#nextPort++ : address.port;
    const key = `${address.host}:${port}`;
    const present = this.#listening.get(key);
    if (present !== undefined && !present.owner.dead) {
      throw new ConnectionError("address_in_use", `${key} is in use`);
    }
    const listening = { owner, accept };
    this.#listening.set(key, listening);
    return {
      port,
      close: () => {
        if (this.#listening.get(key) === listening) this.#listening.delete(key);
      },
    };
  }

  /** A dial from `host`; the handler hears of it after a round trip, or after a long silence. */
  dial(
    host: string,
    address: Address,
    owner: Owner,
    handler: ConnectionHandler,
  ): { cancel(): void } {
    const link = this.link(host, address.host);
    let ended = false;
    let pair: readonly [SimConnection, SimConnection] | undefined;
    const fail = (code: "connection_refused" | "connection_timeout" | "closed_here"): void => {
      if (ended) return;
      ended = true;
      handler.closed(new ConnectionError(code, `${code}: ${address.host}:${address.port}`));
    };
    this.events.schedule(this.#transit(link) * 2, owner, () => {
      if (ended) return;
      const listening = this.#listening.get(`${address.host}:${address.port}`);
      const isSilent = link.cut || (listening?.owner.stalledUntil ?? 0) > this.events.now;
      if (isSilent)
        return void this.events.schedule(DIAL_MS_MAX, owner, () => fail("connection_timeout"));
      if (listening === undefined || listening.owner.dead) return fail("connection_refused");
      ended = true;
      pair = this.#connect(host, address, owner, listening, handler);
    });
    return {
      cancel: () => {
        if (pair !== undefined) pair[0].terminate();
        else this.events.schedule(0, owner, () => fail("closed_here"));
      },
    };
  }

  /** Cuts a connection as a dying host or a router does: what is under way is lost from a random byte on. */
  break(connection: SimConnection): void {
    connection.cutAt(this.random.random());
  }

  /** Takes a delivery into the trace's hash. */
  trace(at: Millis, bytes: Uint8Array): void {
    let { hash } = this;
    hash = Math.imul(hash ^ Math.floor(at * 1_000), 0x0100_0193);
    hash = Math.imul(hash ^ bytes.length, 0x0100_0193);
    for (const byte of bytes.subarray(0, 64)) hash = Math.imul(hash ^ byte, 0x0100_0193);
    this.hash = hash >>> 0;
  }

  /** Milliseconds for one way on a link, this time. */
  #transit(link: Link): Millis {
    return link.delayMs + link.jitterMs * this.random.random();
  }

  #connect(
    host: string,
    address: Address,
    owner: Owner,
    listening: Listening,
    dialler: ConnectionHandler,
  ): readonly [SimConnection, SimConnection] {
    const link = this.link(host, address.host);
    const exporter = Uint8Array.from({ length: 32 }, () => this.random.below(256));
    const near = new SimConnection(this, link, owner, address.host, exporter);
    const far = new SimConnection(this, link, listening.owner, host, exporter);
    near.join(far);
    far.join(near);
    const acceptor = listening.accept(host, { cancel: () => far.terminate() });
    this.events.schedule(0, listening.owner, () => far.open(acceptor));
    this.events.schedule(0, owner, () => near.open(dialler));
    return [near, far];
  }
}
