/**
 * A network of hosts in virtual time: byte streams that are slow, get cut in the middle of a frame, or fall silent.
 * What one host sends to another goes over a `Way`; everything on it is decided by the world's random numbers.
 */
import { ConnectionError } from "../../base/error.ts";
import { Prng } from "../../base/prng.ts";
import { checksum } from "../../bun/checksum.ts";
import type { Accept, Address, ConnectionHandler } from "../../port/transport.ts";
import type { EventQueue, Owner } from "../event-queue.ts";
import { Host, Way } from "./link.ts";
import { SimConnection } from "./sim-connection.ts";

interface Listening {
  readonly owner: Owner;
  readonly accept: Accept;
}

/** Milliseconds until a dial into silence is given up. */
const DIAL_MS_MAX = 3_000;

/** Bytes of a TLS exporter. */
const EXPORTER_BYTES = 32;

/** Numbers that a seed has for what a network does, apart from those for everything else. */
const STREAM = 0x6e65_7477;

export class Network {
  readonly events: EventQueue;
  readonly #seed: number;
  /** Connections that stand, for faults; in the order in which they were made. */
  readonly connections = new Set<SimConnection>();
  readonly #ways = new Map<string, Way>();
  readonly #hosts = new Map<string, Host>();
  readonly #listening = new Map<string, Listening>();
  /** Ends whose other end was on a host that lost its power: it knows nothing of them when it is back. */
  readonly #orphans = new Map<string, SimConnection[]>();
  #nextPort = 20_000;
  #dials = 0;
  /** Order, time and contents of everything delivered: two runs of one seed have the same. */
  hash = 0x811c_9dc5;
  /** Bytes delivered. */
  bytes = 0;
  /** What was delivered last: for those who repeat what others say. */
  overheard = new Uint8Array(0);

  constructor(events: EventQueue, seed: number) {
    this.events = events;
    this.#seed = seed;
  }

  /** What takes bytes from one host to another. */
  way(from: string, to: string): Way {
    const key = `${from} ${to}`;
    let way = this.#ways.get(key);
    if (way === undefined) this.#ways.set(key, (way = new Way()));
    return way;
  }

  host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) this.#hosts.set(name, (host = new Host()));
    return host;
  }

  /** Nothing is the matter any more. */
  heal(): void {
    for (const way of this.#ways.values()) way.heal();
    for (const host of this.#hosts.values()) host.heal();
  }

  /** @throws {ConnectionError} address_in_use */
  listen(address: Address, owner: Owner, accept: Accept): { port: number; close(): void } {
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

  /** Ports of a host that somebody alive listens at. */
  ports(host: string): readonly number[] {
    return [...this.#listening]
      .filter(([key, { owner }]) => key.startsWith(`${host}:`) && !owner.dead)
      .map(([key]) => Number(key.slice(host.length + 1)));
  }

  /** A dial from `host`; the handler hears of it after a round trip, or after a long silence. */
  dial(
    host: string,
    address: Address,
    owner: Owner,
    handler: ConnectionHandler,
  ): { cancel(): void } {
    const random = new Prng(this.#seed + STREAM + this.#dials++ * 0x1_0000_0000);
    const out = this.way(host, address.host);
    const back = this.way(address.host, host);
    let ended = false;
    let near: SimConnection | undefined;
    const fail = (code: "connection_refused" | "connection_timeout" | "closed_here"): void => {
      if (ended) return;
      ended = true;
      handler.closed(new ConnectionError(code, `${code}: ${address.host}:${address.port}`));
    };
    const arrive = (): void => {
      if (ended || owner.dead) return;
      const to = this.host(address.host);
      if (out.isCut || back.isCut || to.silent) {
        this.events.schedule(DIAL_MS_MAX, owner, () => fail("connection_timeout"));
        return;
      }
      const listening = this.#listening.get(`${address.host}:${address.port}`);
      if (listening === undefined || listening.owner.dead || to.refuses) {
        this.events.schedule(0, owner, () => fail("connection_refused"));
        return;
      }
      // The kernel takes the connection, but who listens has to shake hands.
      const { stalledUntil } = listening.owner;
      if (stalledUntil > this.events.now) {
        this.events.schedule(stalledUntil - this.events.now, undefined, arrive);
        return;
      }
      ended = true;
      near = this.#connect(host, address, owner, listening, handler, random);
    };
    const transit = out.delayMs + back.delayMs + (out.jitterMs + back.jitterMs) * random.random();
    this.events.schedule(transit, undefined, arrive);
    return {
      cancel: () => {
        if (near !== undefined) near.terminate();
        else this.events.schedule(0, owner, () => fail("closed_here"));
      },
    };
  }

  /** The host of that end lost its power: the other end hears nothing until it is back, and then that it is unknown. */
  orphan(connection: SimConnection, host: string): void {
    const end = connection.vanish();
    if (end === undefined) return;
    const known = this.#orphans.get(host);
    if (known === undefined) this.#orphans.set(host, [end]);
    else known.push(end);
  }

  /** The host has its power back. */
  wake(host: string): void {
    for (const end of this.#orphans.get(host) ?? []) end.reset();
    this.#orphans.delete(host);
  }

  /** Takes something that happened into the trace's hash. */
  trace(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.overheard = bytes as Uint8Array<ArrayBuffer>;
    const at = Math.imul(this.hash ^ Math.floor(this.events.now * 1_000), 0x0100_0193) >>> 0;
    this.hash = checksum(bytes, (at ^ bytes.length) >>> 0);
  }

  #connect(
    host: string,
    address: Address,
    owner: Owner,
    listening: Listening,
    dialler: ConnectionHandler,
    random: Prng,
  ): SimConnection {
    const exporter = new Uint8Array(EXPORTER_BYTES);
    for (let place = 0; place < EXPORTER_BYTES; place++) exporter[place] = random.uint32();
    const make = (from: string, to: string, whose: Owner): SimConnection =>
      new SimConnection({
        network: this,
        random,
        incoming: this.way(to, from),
        outgoing: this.way(from, to),
        host: this.host(from),
        owner: whose,
        remoteHost: to,
        exporter,
      });
    const near = make(host, address.host, owner);
    const far = make(address.host, host, listening.owner);
    near.join(far);
    far.join(near);
    this.events.schedule(0, listening.owner, () => {
      const acceptor = listening.accept(host, { cancel: () => far.terminate() });
      far.open(acceptor);
    });
    this.events.schedule(0, owner, () => near.open(dialler));
    return near;
  }
}
