/**
 * Clients that come and go, publishers on every scheduler, sessions that break and come back, nodes that die and start anew,
 * in an order that one seed decides. In the end every client has each message since it joined, once and in order for each
 * publisher; the only ones missing are those of origins that died, and it was told of each.
 */
import { describe, expect, test } from "bun:test";
import { publish, RoomsWorld, TestClient } from "./rooms-world.ts";

const NODES = ["a", "b", "c"];
const CLIENTS = 5;
const STEPS = 400;
/** `ROOMS_SEEDS=10000 bun test …` looks longer. */
const SEEDS = Number(process.env["ROOMS_SEEDS"] ?? 60);

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
  /** How much had been sent when a client had joined. */
  readonly joinedAt = new Map<TestClient, number>();

  constructor(seed: number) {
    const schedulers = 1 + (seed % 3);
    this.world = new RoomsWorld({ seed, nodes: NODES, schedulers });
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
    else if (dice < 84) this.world.pass(200);
    for (let count = random.below(8); count > 0; count--) this.world.step();
    this.#notice();
  }

  heal(): void {
    for (const name of NODES) if (!this.world.nodes.has(name)) this.world.start(name);
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
        if (this.dead.has(origin) && !client.cursor.has(origin)) continue;
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
    this.sent.push({ origin: hub.origin, number, text: publish(hub, "lobby"), at });
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

export function runSeed(seed: number): string[] {
  const run = new Run(seed);
  for (let step = 0; step < STEPS; step++) run.step();
  run.heal();
  return run.failures();
}

describe("rooms under cuts", () => {
  test(`${SEEDS} seeds: every message once and in order, or a gap that was told`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      expect({ seed, failures: runSeed(seed) }).toEqual({ seed, failures: [] });
    }
  });
});
