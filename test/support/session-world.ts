import { ConnectionError } from "../../src/base/error.ts";
import type { Millis } from "../../src/base/millis.ts";
import { Handshake } from "../../src/session/handshake/handshake.ts";
import type { HandshakeOutput } from "../../src/session/handshake/handshake-io.ts";
import type { SessionInput, SessionOutput } from "../../src/session/session-io.ts";
import { Session } from "../../src/session/session.ts";
import type { Role } from "../../src/session/handshake/transcript.ts";
import type { Hello } from "../../src/wire/handshake-message.ts";
import { digest } from "./digest.ts";
import { COOKIE, EXPORTER, makeHello } from "./handshake-pair.ts";

/** One control connection: a handshake core at each end, then whatever the sessions do on it. */
interface Wire {
  readonly id: number;
  readonly ends: {
    readonly [R in Role]: {
      readonly node: WorldNode;
      readonly core: Handshake;
      readonly startedAt: Millis;
    };
  };
  open: boolean;
  /** It broke: what was on it is lost. */
  cut: boolean;
}

export interface WorldOptions {
  readonly graceMs?: Millis;
  readonly latencyMs?: Millis;
  readonly refusedIsDown?: boolean;
}

/** A node of the world: one session core per peer, and a log of what they said. */
export class WorldNode {
  readonly name: string;
  readonly hello: Hello;
  readonly sessions = new Map<string, Session>();
  readonly log: string[] = [];
  alive = true;
  /** Nobody can dial it: its listener is behind something that refuses. */
  refuses = false;
  /** Lanes whose dials fail. */
  readonly lanesRefused = new Set<number>();
  schedulersLagMs: readonly Millis[] = [0, 0];
  dials = new Set<Wire>();
  /** The wire that the control link to a peer is attached to. */
  readonly control = new Map<string, Wire>();
  /** Stamp of the last tick from each peer. */
  readonly echoes = new Map<string, Millis>();
  /** Grows with every dial and cancellation, so that a cancelled dial is known when it would open. */
  dialNumber = 0;

  constructor(name: string, creation: number, hello: Partial<Hello>) {
    this.name = name;
    this.hello = {
      ...makeHello(name, creation),
      address: { host: name.split("@")[0]!, port: 4369 },
      ...hello,
    };
  }
}

/** Virtual time, nodes, and connections between them that can be cut. */
export class SessionWorld {
  now: Millis = 0;
  readonly nodes: WorldNode[] = [];
  readonly wires: Wire[] = [];
  readonly #options: Required<WorldOptions>;
  readonly #events: { readonly at: Millis; readonly order: number; readonly run: () => void }[] =
    [];
  readonly #lanes = new Map<string, boolean>();
  #order = 0;
  /** Pairs that cannot reach each other at all. */
  partitioned = false;

  constructor(options: WorldOptions = {}) {
    this.#options = { graceMs: 5_000, latencyMs: 1, refusedIsDown: true, ...options };
  }

  add(name: string, creation = 77, hello: Partial<Hello> = {}): WorldNode {
    const node = new WorldNode(name, creation, { graceMs: this.#options.graceMs, ...hello });
    this.nodes.push(node);
    return node;
  }

  session(node: WorldNode, peer: string): Session {
    const known = node.sessions.get(peer);
    if (known !== undefined) return known;
    const { graceMs, refusedIsDown } = this.#options;
    const tick = { intervalMs: 60_000, timeoutMs: 15_000 };
    const session = new Session({ self: node.hello, peer, graceMs, tick, refusedIsDown });
    node.sessions.set(peer, session);
    return session;
  }

  connect(node: WorldNode, peer: WorldNode): void {
    this.input(node, peer.name, { kind: "connect", address: peer.hello.address! });
  }

  input(node: WorldNode, peer: string, input: SessionInput): void {
    const session = this.session(node, peer);
    session.handle(input, this.now);
    this.#outputs(node, peer);
  }

  /** Runs events and timers until `ms` later. */
  run(ms: Millis): void {
    const until = this.now + ms;
    for (let steps = 0; steps < 200_000; steps++) {
      const event = this.#events.toSorted((x, y) => x.at - y.at || x.order - y.order)[0];
      const timer = this.#nextTimer();
      const at = Math.min(event?.at ?? Infinity, timer?.at ?? Infinity);
      if (at > until) {
        this.now = until;
        return;
      }
      this.now = Math.max(this.now, at);
      if (event !== undefined && event.at === at) {
        this.#events.splice(this.#events.indexOf(event), 1);
        event.run();
      } else timer!.run();
    }
    throw new Error("the world never comes to rest");
  }

  /** All control connections break; the ends notice at once. */
  cutControl(): void {
    for (const wire of this.wires) if (wire.open) this.#close(wire);
  }

  /** All lanes between two nodes break. */
  cutLanes(a: WorldNode, b: WorldNode): void {
    for (const [node, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const lane of node.sessions.get(peer.name)?.live?.lanes ?? [])
        this.cutLane(node, peer, lane.plan.lane);
    }
  }

  /** One end of a lane sees its socket close. */
  cutLane(node: WorldNode, peer: WorldNode, lane: number): void {
    this.#lanes.delete(laneKey(node, peer, lane));
    this.input(node, peer.name, { kind: "lane_lost", lane });
  }

  /** A node dies as by SIGKILL. */
  kill(node: WorldNode): void {
    node.alive = false;
    for (const wire of this.wires) {
      if (wire.open && (wire.ends.dialler.node === node || wire.ends.acceptor.node === node))
        this.#close(wire);
    }
    for (const other of this.nodes) {
      if (!other.alive) continue;
      for (const lane of other.sessions.get(node.name)?.live?.lanes ?? [])
        this.cutLane(other, node, lane.plan.lane);
    }
  }

  /** Open control connections between living nodes. */
  get openWires(): number {
    return this.wires.filter((wire) => wire.open).length;
  }

  #later(ms: Millis, run: () => void): void {
    this.#events.push({ at: this.now + ms, order: this.#order++, run });
  }

  /** Runs once bytes get through: a partition delays them, since TCP sends them again. */
  #arrive(ms: Millis, run: () => void): void {
    this.#later(ms, () => (this.partitioned ? this.#arrive(200, run) : run()));
  }

  #nextTimer(): { readonly at: Millis; readonly run: () => void } | undefined {
    let first: { at: Millis; run: () => void } | undefined;
    for (const node of this.nodes) {
      if (!node.alive) continue;
      for (const [peer, session] of node.sessions) {
        const at = session.pollTimeout();
        if (at === undefined || (first !== undefined && first.at <= at)) continue;
        first = {
          at: Math.max(at, this.now),
          run: () => {
            session.handleTimeout(this.now);
            this.#outputs(node, peer);
          },
        };
      }
    }
    return first;
  }

  /** What a peer makes of a tick that leaves now. */
  #tick(node: WorldNode, peer: string, probe: boolean): (other: WorldNode) => void {
    const [stamp, echo] = [Math.floor(this.now), node.echoes.get(peer) ?? 0];
    const tick = { probe, stamp, echo, fence: 7, lagMs: node.schedulersLagMs };
    return (other) => {
      other.echoes.set(node.name, stamp);
      this.input(other, node.name, { kind: "tick", tick });
    };
  }

  #outputs(node: WorldNode, peer: string): void {
    const session = this.session(node, peer);
    for (let output = session.pollOutput(); output !== undefined; output = session.pollOutput()) {
      this.#carryOut(node, peer, output);
    }
  }

  #carryOut(node: WorldNode, peer: string, output: SessionOutput): void {
    switch (output.kind) {
      case "dial_control":
        return this.#dial(node, peer, output.address.host);
      case "cancel_dial":
        node.dialNumber++;
        for (const wire of node.dials) this.#close(wire, node);
        node.dials.clear();
        return;
      case "answer": {
        const wire = this.wires.find(({ id }) => id === output.connection)!;
        const role = wire.ends.dialler.node === node ? "dialler" : "acceptor";
        wire.ends[role].core.handle(output.input, this.now);
        return this.#handshake(wire, role);
      }
      case "drop_control":
        return this.#close(
          this.wires.find(({ id }) => id === output.connection)!,
          node,
        );
      case "session_up":
        node.log.push(`up ${peer}`);
        return;
      case "session_over":
        node.log.push(`over ${peer} ${output.reason}`);
        for (const key of this.#lanes.keys())
          if (key.startsWith(`${node.name}>${peer}`)) this.#lanes.delete(key);
        return;
      case "connect_failed":
        node.log.push(`failed ${peer} ${output.error.code}`);
        return;
      case "dial_lane":
        return this.#dialLane(node, peer, output.plan.lane);
      case "send_tick":
        return this.#say(node, peer, this.#tick(node, peer, output.probe));
      case "send_suspect":
        return this.#say(node, peer, (other) =>
          this.input(other, node.name, { kind: "peer_suspects", lane: output.lane }),
        );
      case "send_goodbye": {
        const { reason, lastFrames } = output;
        return this.#say(node, peer, (other) =>
          this.input(other, node.name, { kind: "peer_goodbye", reason, lastFrames }),
        );
      }
      case "send_end": {
        const { reason, text } = output;
        return this.#say(node, peer, (other) =>
          this.input(other, node.name, { kind: "peer_ended", reason, text }),
        );
      }
      case "suspected":
      case "recovered":
        node.log.push(`${output.kind} ${peer}`);
        return;
      case "await_frames":
        this.#later(5, () => this.input(node, peer, { kind: "frames_reached" }));
        return;
      case "reset_lane":
        this.#lanes.delete(laneKey(node, { name: peer }, output.plan.lane));
        return;
      case "attach_control": {
        const wire = this.wires.find(({ id }) => id === output.connection)!;
        const before = node.control.get(peer);
        node.control.set(peer, wire);
        if (before !== undefined && before !== wire) this.#close(before, node);
        return;
      }
      default:
        output satisfies never;
    }
  }

  /** Something said on the attached control connection arrives as a sign of life and as itself. */
  #say(node: WorldNode, peer: string, arrive: (other: WorldNode) => void): void {
    const wire = node.control.get(peer);
    const other = this.nodes.find(({ name, alive }) => name === peer && alive);
    if (wire === undefined || other === undefined) return;
    this.#arrive(this.#options.latencyMs, () => {
      if (wire.cut || !other.alive || other.control.get(node.name) !== wire) return;
      this.input(other, node.name, { kind: "heard" });
      arrive(other);
    });
  }

  #dial(node: WorldNode, peer: string, host: string): void {
    const number = ++node.dialNumber;
    const target = this.nodes.findLast((one) => one.alive && one.name.startsWith(`${host}@`));
    this.#later(this.#options.latencyMs, () => {
      if (!node.alive || number !== node.dialNumber) return;
      if (this.partitioned) {
        // A SYN without an answer is sent again.
        this.#later(1_000, () => {
          if (number === node.dialNumber) this.#dial(node, peer, host);
        });
        return;
      }
      if (target === undefined || !target.alive || target.refuses) {
        const error = new ConnectionError("connection_refused", `${host} refused`);
        return this.input(node, peer, { kind: "dial_failed", error });
      }
      const core = (role: Role, of: WorldNode) =>
        new Handshake({
          role,
          hello: {
            ...of.hello,
            nonce: digest.sha256(
              new TextEncoder().encode(`${of.name} ${this.wires.length} ${role}`),
            ),
          },
          cookies: [COOKIE],
          digest,
          exporter: EXPORTER,
          expectedName: role === "dialler" ? peer : undefined,
          deadline: this.now + 7_000,
        });
      const end = (role: Role, of: WorldNode) => ({
        node: of,
        core: core(role, of),
        startedAt: this.now,
      });
      const wire: Wire = {
        id: this.wires.length + 1,
        ends: { dialler: end("dialler", node), acceptor: end("acceptor", target) },
        open: true,
        cut: false,
      };
      this.wires.push(wire);
      node.dials.add(wire);
      for (const role of ["dialler", "acceptor"] as const) {
        this.#later(7_000, () => {
          wire.ends[role].core.handleTimeout(this.now);
          this.#handshake(wire, role);
        });
      }
      this.#handshake(wire, "dialler");
    });
  }

  #handshake(wire: Wire, role: Role): void {
    const { node, core, startedAt } = wire.ends[role];
    const otherRole = role === "dialler" ? "acceptor" : "dialler";
    const other = wire.ends[otherRole];
    const peer = other.node.name;
    for (let output = core.pollOutput(); output !== undefined; output = core.pollOutput()) {
      this.#handshakeOutput(wire, role, node, peer, startedAt, output);
      if (output.kind !== "send") continue;
      const { bytes } = output;
      this.#arrive(this.#options.latencyMs, () => {
        if (wire.cut || !other.node.alive) return;
        other.core.handle({ kind: "received", bytes }, this.now);
        this.#handshake(wire, otherRole);
      });
    }
  }

  #handshakeOutput(
    wire: Wire,
    role: Role,
    node: WorldNode,
    peer: string,
    startedAt: Millis,
    output: HandshakeOutput,
  ): void {
    if (!node.alive) return;
    const dialled = role === "dialler";
    if (output.kind === "need_decision") {
      const { stage, authenticated } = output;
      const fresh = digest.sha256(new TextEncoder().encode(`fresh ${wire.id}`)).slice(0, 16);
      this.input(node, peer, {
        kind: "decision",
        connection: wire.id,
        dialled,
        stage,
        authenticated,
        peer: output.peer,
        startedAt,
        fresh,
      });
    } else if (output.kind === "established") {
      node.dials.delete(wire);
      this.input(node, peer, { kind: "established", connection: wire.id, result: output });
    } else if (output.kind === "failed") {
      const mine = !dialled || node.dials.delete(wire);
      node.log.push(`handshake failed ${peer} ${output.error.code}`);
      if (mine)
        this.input(node, peer, {
          kind: "handshake_failed",
          connection: wire.id,
          dialled,
          error: output.error,
        });
      this.#later(this.#options.latencyMs * 2, () => this.#close(wire, node));
    }
  }

  /** Both ends notice; `by`: the end that closed it does not have to. */
  #close(wire: Wire, by?: WorldNode): void {
    if (!wire.open) return;
    wire.open = false;
    wire.cut = by === undefined;
    for (const role of ["dialler", "acceptor"] as const) {
      const { node, core } = wire.ends[role];
      if (node === by || !node.alive) continue;
      const notice = by === undefined ? this.#later.bind(this) : this.#arrive.bind(this);
      notice(by === undefined ? 0 : this.#options.latencyMs, () => {
        if (!node.alive) return;
        core.handle({ kind: "closed" }, this.now);
        this.#handshake(wire, role);
        const peer = wire.ends[role === "dialler" ? "acceptor" : "dialler"].node.name;
        if (node.control.get(peer) === wire) node.control.delete(peer);
        this.input(node, peer, { kind: "control_lost", connection: wire.id });
      });
    }
  }

  #dialLane(node: WorldNode, peer: string, lane: number): void {
    this.#later(this.#options.latencyMs * 4, () => {
      const other = this.nodes.findLast(({ name, alive }) => name === peer && alive);
      const session = other?.sessions.get(node.name);
      const same = session?.live !== undefined && this.session(node, peer).live !== undefined;
      if (!node.alive) return;
      if (other === undefined || !same || this.partitioned || other.lanesRefused.has(lane)) {
        return this.input(node, peer, { kind: "lane_failed", lane });
      }
      this.#lanes.set(laneKey(node, other, lane), true);
      this.#lanes.set(laneKey(other, node, lane), true);
      this.input(node, peer, { kind: "lane_attached", lane });
      this.input(other, node.name, { kind: "lane_attached", lane });
    });
  }
}

function laneKey(
  node: { readonly name: string },
  peer: { readonly name: string },
  lane: number,
): string {
  return `${node.name}>${peer.name} ${lane}`;
}
