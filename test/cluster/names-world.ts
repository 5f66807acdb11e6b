/**
 * Cores of global names on a network of the mind: sessions with one stream each way, that end at different times at their
 * two ends, processes that die, functions that decide or do not. Everything is drawn from one seed.
 */
import { FenceClock } from "../../src/base/fence.ts";
import { Prng } from "../../src/base/prng.ts";
import { GlobalNames } from "../../src/cluster/names/global-names.ts";
import type {
  Conflict,
  NamesAnswer,
  NamesInput,
  NamesOutput,
} from "../../src/cluster/names/names-io.ts";
import { EventQueue } from "../../src/sim/event-queue.ts";
import {
  type ConflictRule,
  decodeNameEntry,
  encodeNameEntry,
  type NameEntry,
} from "../../src/wire/name-entry.ts";
import { decodeNames, encodeNames } from "../../src/wire/names-message.ts";

/** What travels: records of the protocol, and the table's changes in their place in the stream. */
type Sent =
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | {
      readonly kind: "entry";
      readonly name: string;
      readonly local: number;
      readonly entry: Uint8Array | undefined;
    }
  | { readonly kind: "in_step" };

/** One session; its two ends may see it end at different times. */
interface SimSession {
  /** Ends that still see it. */
  readonly up: Set<NamesNode>;
  /** When both ends saw it. */
  readonly since: number;
}

export interface Told {
  readonly conflict: Conflict;
  readonly exit: boolean;
}

export interface RegisterOptions {
  readonly replace?: boolean;
  readonly rule?: ConflictRule;
  readonly timeoutMs?: number;
  readonly several?: boolean;
  /** Called at the very moment. */
  readonly answered?: (answer: NamesAnswer) => void;
}

/** One node: a core, its processes, and a scheduler that answers in order after a while. */
export class NamesNode {
  readonly world: NamesWorld;
  readonly name: string;
  readonly core: GlobalNames;
  readonly alive = new Set<number>();
  readonly watched = new Set<number>();
  readonly sessions = new Map<string, SimSession>();
  /** What processes were told, by their local id. */
  readonly told = new Map<number, Told[]>();
  readonly logs: string[] = [];
  readonly #waiting = new Map<number, (answer: NamesAnswer) => void>();
  #schedulerFreeAt = 0;
  #nextLocal = 1;
  #nextId = 1;

  constructor(world: NamesWorld, name: string) {
    this.world = world;
    this.name = name;
    const clock = new FenceClock();
    const skewMs = world.random.below(50);
    const fences = {
      get highest() {
        return clock.highest;
      },
      next: () => clock.next(Date.UTC(2026, 0, 1) + world.now + skewMs),
      see: (fence: number) => clock.see(fence),
    };
    this.core = new GlobalNames({ node: name, creation: 1, fences });
  }

  spawn(): number {
    const local = this.#nextLocal++;
    this.alive.add(local);
    return local;
  }

  die(local: number): void {
    if (!this.alive.delete(local)) return;
    if (this.watched.delete(local)) this.#later(() => this.handle({ kind: "ended", local }));
  }

  register(
    name: string,
    on: NamesNode,
    local: number,
    options: RegisterOptions = {},
  ): Promise<NamesAnswer> {
    const { replace = false, rule = "exit_loser", timeoutMs = 5_000, several = true } = options;
    const pid = { node: on.name, creation: 1, local };
    const order = { name, pid, isAlive: false, replace, several, rule, timeoutMs };
    return this.#ask(
      (id) => ({ kind: "register", asker: { scheduler: 1, id }, ...order }),
      options.answered,
    );
  }

  unregister(name: string, timeoutMs = 5_000): Promise<NamesAnswer> {
    const order = { name, fence: 0, timeoutMs };
    return this.#ask((id) => ({ kind: "unregister", asker: { scheduler: 1, id }, ...order }));
  }

  whereis(name: string): string | undefined {
    const holder = this.core.holders.shown(name);
    return holder === undefined ? undefined : `${holder.node}/${holder.local}`;
  }

  /** Questions that nobody has answered. */
  get unanswered(): number {
    return this.#waiting.size;
  }

  handle(input: NamesInput): void {
    this.core.handle(input, this.world.now);
    this.#drain();
  }

  /** Everything of the table as it stands, then that it is whole. */
  greet(session: SimSession, peer: NamesNode): void {
    for (const { name, holder } of this.core.list()) {
      const own = this.core.holders.own(name);
      if (own === undefined || holder === undefined) continue;
      const entry = encodeNameEntry(own.entry);
      this.world.transmit(session, this, peer, { kind: "entry", name, local: own.local, entry });
    }
    this.world.transmit(session, this, peer, { kind: "in_step" });
  }

  received(from: NamesNode, sent: Sent): void {
    const peer = from.name;
    if (sent.kind === "in_step") return this.handle({ kind: "in_step", peer });
    if (sent.kind === "entry") {
      const { name, local } = sent;
      const entry = sent.entry === undefined ? undefined : decodeNameEntry(sent.entry);
      return this.#entry(peer, name, local, entry);
    }
    for (const message of decodeNames(sent.bytes)) {
      this.handle({ kind: "message", peer, message });
    }
  }

  lost(peer: string): void {
    this.sessions.delete(peer);
    this.handle({ kind: "node_down", peer });
    this.handle({ kind: "cleared", peer });
  }

  timeout(): void {
    this.core.handleTimeout(this.world.now);
    this.#drain();
  }

  #entry(peer: string, name: string, local: number, entry: NameEntry | undefined): void {
    this.handle({ kind: "entry", peer, name, local, entry });
  }

  #ask(
    input: (id: number) => NamesInput,
    answered?: (answer: NamesAnswer) => void,
  ): Promise<NamesAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => {
        answered?.(answer);
        resolve(answer);
      });
      this.handle(input(id));
    });
  }

  #drain(): void {
    for (let output = this.core.pollOutput(); output; output = this.core.pollOutput()) {
      this.#carryOut(output);
    }
    const due = this.core.pollTimeout();
    if (due !== undefined) {
      this.world.events.schedule(Math.max(0, due - this.world.now), undefined, () =>
        this.timeout(),
      );
    }
  }

  #carryOut(output: NamesOutput): void {
    const { world } = this;
    switch (output.kind) {
      case "send":
        return this.#send(output.peer, {
          kind: "message",
          bytes: encodeNames([output.message]),
        });
      case "set":
      case "remove": {
        const { name, local } = output;
        const entry = output.kind === "set" ? encodeNameEntry(output.entry) : undefined;
        if (output.kind === "set") world.claimed(this, name, output.entry);
        for (const peer of this.sessions.keys()) {
          this.#send(peer, { kind: "entry", name, local, entry });
        }
        return;
      }
      case "answer": {
        const resolve = this.#waiting.get(output.id);
        this.#waiting.delete(output.id);
        return resolve?.(output.answer);
      }
      case "watch":
        return this.#later(() => {
          const isAlive = this.alive.has(output.local);
          if (isAlive) this.watched.add(output.local);
          this.handle({ kind: isAlive ? "alive" : "ended", local: output.local });
        });
      case "tell":
        this.told.set(output.local, [...(this.told.get(output.local) ?? []), output]);
        if (output.exit) this.#later(() => this.die(output.local));
        return;
      case "resolve": {
        const { id, run } = output;
        if (run === "hang") return;
        const kept = run as "first" | "second" | "neither";
        const decide = (): void => this.handle({ kind: "decided", id, kept, text: run });
        world.events.schedule(world.random.below(100), undefined, decide);
        return;
      }
      case "log":
        this.logs.push(output.text);
        return;
      case "show":
      case "abandon":
        return;
    }
  }

  #send(peer: string, sent: Sent): void {
    const session = this.sessions.get(peer);
    if (session !== undefined) this.world.transmit(session, this, this.world.node(peer), sent);
  }

  /** As the thread of a scheduler: in order. */
  #later(run: () => void): void {
    const { world } = this;
    this.#schedulerFreeAt = Math.max(world.now, this.#schedulerFreeAt) + world.random.random() * 2;
    world.events.schedule(this.#schedulerFreeAt - world.now, undefined, run);
  }
}

export class NamesWorld {
  readonly events = new EventQueue();
  readonly random: Prng;
  readonly nodes: readonly NamesNode[];
  readonly failures: string[] = [];
  readonly #freeAt = new Map<string, number>();
  /** Fences under which each name was claimed so far. */
  readonly #claims = new Set<string>();
  /** The last fence of each node and name. */
  readonly #issued = new Map<string, { readonly fence: number; readonly at: number }>();

  constructor(seed: number, names: readonly string[]) {
    this.random = new Prng(seed);
    this.nodes = names.map((name) => new NamesNode(this, name));
  }

  get now(): number {
    return this.events.now;
  }

  node(name: string): NamesNode {
    return this.nodes.find((node) => node.name === name)!;
  }

  isConnected(a: NamesNode, b: NamesNode): boolean {
    return (
      a.sessions.get(b.name) !== undefined && a.sessions.get(b.name) === b.sessions.get(a.name)
    );
  }

  /** The two ends see the session come up one after the other. */
  connect(a: NamesNode, b: NamesNode): void {
    if (a.sessions.has(b.name) || b.sessions.has(a.name)) return;
    // Nothing of it arrives before the other end sees it.
    const later = this.random.random() * 5;
    const session: SimSession = { up: new Set([a, b]), since: this.now + later };
    const up = (node: NamesNode, peer: NamesNode): void => {
      if (!session.up.has(node)) return;
      node.sessions.set(peer.name, session);
      node.handle({ kind: "node_up", peer: peer.name, creation: 1 });
      node.greet(session, peer);
    };
    this.#freeAt.set(`${a.name} ${b.name}`, this.now + later);
    this.events.schedule(later, undefined, () => up(b, a));
    up(a, b);
  }

  /** The two ends see it go at different times; what is on its way is lost. */
  cut(a: NamesNode, b: NamesNode): void {
    const session = a.sessions.get(b.name) ?? b.sessions.get(a.name);
    if (session === undefined) return;
    for (const [node, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      this.events.schedule(this.random.random() * 40, undefined, () => {
        session.up.delete(node);
        if (node.sessions.get(peer.name) === session) node.lost(peer.name);
      });
    }
  }

  /** Messages so far. */
  transmitted = 0;

  transmit(session: SimSession, from: NamesNode, to: NamesNode, sent: Sent): void {
    this.transmitted++;
    const key = `${from.name} ${to.name}`;
    const at = Math.max(this.now, this.#freeAt.get(key) ?? 0) + this.random.random() * 3;
    this.#freeAt.set(key, at);
    this.events.schedule(at - this.now, undefined, () => {
      if (session.up.has(to) && to.sessions.get(from.name) === session) to.received(from, sent);
    });
  }

  /** A process of the node got the name with this fence: no node has had a greater one since it is connected. */
  registered(node: NamesNode, name: string, fence: number): void {
    for (const other of this.nodes) {
      if (other === node || !this.isConnected(node, other)) continue;
      const issued = this.#issued.get(`${other.name} ${name}`);
      const { since } = node.sessions.get(other.name)!;
      if (issued !== undefined && issued.at > since && issued.fence > fence) {
        this.failures.push(`${name}: registered on ${node.name} below a fence of ${other.name}`);
      }
    }
  }

  run(ms: number): void {
    const until = this.now + ms;
    while (this.events.step(until));
    this.events.now = until;
  }

  /** Runs until a promise is settled. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let value: { readonly is: T } | undefined;
    void promise.then((is) => (value = { is }));
    for (let steps = 0; steps < 100_000; steps++) {
      await Promise.resolve();
      if (value !== undefined) return value.is;
      if (!this.events.step(Infinity)) break;
    }
    throw new Error("nothing happens any more");
  }

  /** A node says that one of its processes holds a name. */
  claimed(node: NamesNode, name: string, entry: NameEntry): void {
    const issuer = `${node.name} ${name}`;
    this.#issued.set(issuer, { fence: entry.fence, at: this.now });
    const key = `${node.name} ${name} ${entry.claimed}`;
    if (this.#claims.has(key)) return;
    this.#claims.add(key);
    for (const other of this.nodes) {
      const held = other === node ? undefined : other.core.holders.own(name);
      if (held === undefined || !this.isConnected(node, other)) continue;
      const isReplaced = entry.replaces.some(
        ({ node: where, local, claimed }) =>
          where === other.name && local === held.local && claimed === held.entry.claimed,
      );
      if (!isReplaced) {
        this.failures.push(`${name}: ${node.name} took it while ${other.name}, connected, held it`);
      }
    }
  }
}
