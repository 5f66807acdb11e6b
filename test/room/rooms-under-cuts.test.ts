/**
 * Clients that come and go, publishers on every scheduler, sessions that break and come back, lanes that are full for a while,
 * nodes that die and start anew, in an order that one seed decides. In the end every client has each message since it joined, once and in order for each
 * publisher; the only ones missing are those of origins that died, and it was told of each.
 */
import { describe, expect, test } from "bun:test";
import { publish, RoomsWorld, TestClient, type TestHub } from "./rooms-world.ts";

const NODES = ["a", "b", "c"];
const CLIENTS = 5;
const STEPS = 400;
/** `ROOMS_SEEDS=10000 bun test …` looks longer. */
const SEEDS = Number(process.env["ROOMS_SEEDS"] ?? 60);

/** Of those whose messages are so long that answers come in parts. */
const SEEDS_LONG = Math.ceil(SEEDS / 10);
const STEPS_LONG = 150;
const FILLING = "x".repeat(60_000);

/** Milliseconds that a lane may be full. */
const FULL_MS_MAX = 1_000;

interface Sent {
  readonly origin: string;
  readonly number: number;
  readonly text: string;
  readonly at: number;
}

class Run {
  readonly world: RoomsWorld;
  readonly clients: TestClient[];
  readonly sent: Sent[] = [];
  readonly numbers = new Map<string, number>();
  readonly dead = new Set<string>();
  readonly #fullSince = new Map<TestHub, number>();
  /** How much had been sent when a client had joined. */
  readonly joinedAt = new Map<TestClient, number>();

  /** Behind the text of each message. */
  readonly filling: string;

  constructor(seed: number, filling: string) {
    const schedulers = 1 + (seed % 3);
    const log = { windowBytes: 1_024 * (FILLING.length + 1_000) };
    this.world = new RoomsWorld({ seed, nodes: NODES, schedulers, log });
    this.filling = filling;
    this.world.settle();
    this.clients = Array.from(
      { length: CLIENTS },
      (_none, n) => new TestClient(this.world, `client${n}`),
    );
  }

  step(): void {
    const { random } = this.world;
    const dice = random.below(100);
    if (dice < 45) this.#publish();
    else if (dice < 70) this.#visit();
    else if (dice < 78) this.#cutOrHeal();
    else if (dice < 80) this.#killOrStart();
    else if (dice < 84) this.#pass();
    else if (dice < 90) this.#fillOrDrain();
    for (let count = random.below(8); count > 0; count--) this.world.step();
    this.#notice();
  }

  heal(): void {
    for (const name of NODES) if (!this.world.nodes.has(name)) this.world.start(name);
    for (const node of this.world.nodes.values()) for (const hub of node.hubs) hub.drain();
    for (const [place, name] of NODES.entries()) {
      for (const other of NODES.slice(place + 1)) {
        if (!this.world.isConnected(name, other)) this.world.connect(name, other);
      }
    }
    this.world.settle();
    for (const client of this.clients) if (client.hub === undefined) this.#join(client);
    this.world.pass(6_000);
    this.#notice();
    for (const node of this.world.nodes.values()) {
      for (let index = 1; index <= node.schedulers; index++) this.#publishAt(node.name, index);
    }
    this.world.pass(12_000);
  }

  failures(): string[] {
    const failures: string[] = [];
    for (const client of this.clients) {
      if (!client.isJoined) failures.push(`${client.name} has not joined`);
      const from = this.joinedAt.get(client) ?? Infinity;
      const got = new Set(client.got.map(({ payload }) => payload));
      if (got.size !== client.got.length) failures.push(`${client.name} took a message twice`);
      for (const { origin, number, text, at } of this.sent) {
        if (at < from || got.has(text)) continue;
        const isTold = client.gaps.some(
          (gap) => gap.origin === origin && number > gap.after && number <= (gap.upTo ?? Infinity),
        );
        // Of an origin that died before any node of the client met it nobody can tell.
        if (this.dead.has(origin) && !client.met.has(origin)) continue;
        const dead = this.dead.has(origin) ? ", which is dead" : "";
        if (!isTold) failures.push(`${client.name} misses ${text}, ${number} of ${origin}${dead}`);
      }
      for (const { origin, cause } of client.gaps) {
        if (!this.dead.has(origin))
          failures.push(`${client.name}: ${cause} of ${origin}, which lives`);
      }
      if (client.got.length > 0 && from === Infinity) failures.push(`${client.name} never joined`);
    }
    return failures;
  }

  #publish(): void {
    const nodes = [...this.world.nodes.values()];
    const node = nodes[this.world.random.below(nodes.length)];
    if (node !== undefined)
      this.#publishAt(node.name, 1 + this.world.random.below(node.schedulers));
  }

  #publishAt(name: string, index: number): void {
    const hub = this.world.hub(name, index);
    const number = (this.numbers.get(hub.origin) ?? 0) + 1;
    this.numbers.set(hub.origin, number);
    const at = this.sent.length;
    const text = publish(hub, "lobby", [], this.filling);
    this.sent.push({ origin: hub.origin, number, text, at });
  }

  #visit(): void {
    const client = this.clients[this.world.random.below(this.clients.length)]!;
    if (client.hub === undefined) this.#join(client);
    else if (this.world.random.below(3) === 0) client.drop("lobby");
  }

  #join(client: TestClient): void {
    const nodes = [...this.world.nodes.values()];
    const node = nodes[this.world.random.below(nodes.length)];
    if (node !== undefined)
      client.join(node.hubs[this.world.random.below(node.schedulers)]!, "lobby");
  }

  #notice(): void {
    for (const client of this.clients) {
      if (client.isJoined && !this.joinedAt.has(client))
        this.joinedAt.set(client, this.sent.length);
    }
  }

  #cutOrHeal(): void {
    const [a, b] = this.#two();
    if (!this.world.nodes.has(a) || !this.world.nodes.has(b)) return;
    if (this.world.isConnected(a, b)) this.world.cut(a, b);
    else this.world.connect(a, b);
  }

  /** A lane takes some messages more and then none, or all of a scheduler's are read again. */
  #fillOrDrain(): void {
    const [name, peer] = this.#two();
    const node = this.world.nodes.get(name);
    if (node === undefined) return;
    const hub = node.hubs[this.world.random.below(node.schedulers)]!;
    if (hub.fullAfter.size > 0) hub.drain();
    else hub.fullAfter.set(peer, this.world.random.below(4));
    this.#fullSince.set(hub, this.world.now);
  }

  /** No lane is full for so long that those who come back are told that the origin is lost. */
  #pass(): void {
    this.world.pass(200);
    for (const [hub, since] of this.#fullSince) {
      if (this.world.now - since < FULL_MS_MAX) continue;
      this.#fullSince.delete(hub);
      hub.drain();
    }
  }

  #killOrStart(): void {
    const [name] = this.#two();
    const node = this.world.nodes.get(name);
    if (node === undefined) {
      this.world.start(name);
      return;
    }
    for (const client of this.clients) if (client.hub?.node === node) client.drop("lobby");
    for (const { origin } of node.hubs) this.dead.add(origin);
    this.world.kill(name);
  }

  #two(): [string, string] {
    const first = this.world.random.below(NODES.length);
    const second = (first + 1 + this.world.random.below(NODES.length - 1)) % NODES.length;
    return [NODES[first]!, NODES[second]!];
  }
}

function runSeed(seed: number, steps: number, filling: string): string[] {
  const run = new Run(seed, filling);
  for (let step = 0; step < steps; step++) run.step();
  run.heal();
  return run.failures().map((failure) => failure.replaceAll(FILLING, "…"));
}

describe("rooms under cuts", () => {
  test(`${SEEDS} seeds: every message once and in order, or a gap that was told`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      expect({ seed, failures: runSeed(seed, STEPS, "") }).toEqual({ seed, failures: [] });
    }
  });

  test(`${SEEDS_LONG} seeds: the same of long messages, whose answers come in parts`, () => {
    for (let seed = 1; seed <= SEEDS_LONG; seed++) {
      const failures = runSeed(seed, STEPS_LONG, FILLING);
      expect({ seed, failures }).toEqual({ seed, failures: [] });
    }
  });
});
