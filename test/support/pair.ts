import type { LaneSink } from "../../src/session/lane/incoming.ts";
import { Lane } from "../../src/session/lane/lane.ts";
import type { LaneLimits } from "../../src/session/lane/lane-limits.ts";
import { Identities } from "../../src/term/identities.ts";
import type { Pid } from "../../src/term/pid.ts";
import type { Undecodable, WireSignal } from "../../src/wire/signals/wire-signal.ts";

/** One end of a pair: its lane, what it received, and what is on its way to the other end. */
export class LaneEnd implements LaneSink {
  readonly identities: Identities;
  readonly lane: Lane;
  readonly received: (WireSignal | Undecodable)[] = [];
  /** Bytes written to the wire that the other end has not got. */
  wire: Uint8Array = new Uint8Array(0);
  /** What one write of this end's socket takes at most. */
  writeMax = Infinity;

  constructor(name: string, creation: number, peer: string, limits: Partial<LaneLimits>) {
    this.identities = new Identities(name, creation);
    this.lane = new Lane({ node: peer, identities: this.identities, limits });
  }

  /** A process of this end, on scheduler 1. */
  pid(serial: number): Pid<unknown> {
    return this.identities.localPid(2 ** 42 + serial);
  }

  message(from: Pid | undefined, to: Pid, message: unknown): void {
    this.received.push({ kind: "message", from, to, message });
  }

  signal(signal: WireSignal): void {
    this.received.push(signal);
  }

  undecodable(undecodable: Undecodable): void {
    this.received.push(undecodable);
  }

  /** The bodies of the messages received. */
  get messages(): readonly unknown[] {
    return this.received.map((signal) =>
      signal.kind === "message" ? signal.message : signal.kind,
    );
  }
}

/** Two lanes and one virtual wire between them, which can be cut and split anywhere. */
export class LanePair {
  readonly a: LaneEnd;
  readonly b: LaneEnd;
  now = 0;

  constructor(limits: Partial<LaneLimits> = {}) {
    this.a = new LaneEnd("a@host", 1, "b@host", limits);
    this.b = new LaneEnd("b@host", 2, "a@host", limits);
    this.attach();
  }

  other(end: LaneEnd): LaneEnd {
    return end === this.a ? this.b : this.a;
  }

  /** A pid of the other end, as this end sees it. */
  remote(end: LaneEnd, serial: number): Pid<unknown> {
    const { local } = this.other(end).identities;
    return end.identities.pid(end.identities.nodeRef(local.name, local.creation), 2 ** 42 + serial);
  }

  /** Both ends state their last frame and go on, as two lane handshakes would have it. */
  attach(): void {
    const ofA = this.a.lane.receivedFrame;
    const ofB = this.b.lane.receivedFrame;
    this.a.lane.attach(ofB);
    this.b.lane.attach(ofA);
  }

  /** The socket breaks: what was on the wire is lost. */
  cut(): void {
    for (const end of [this.a, this.b]) {
      end.wire = new Uint8Array(0);
      end.lane.detach();
    }
  }

  /** Writes what the lane has to write, up to `bytesMax` and `writeMax` a write. */
  write(end: LaneEnd, bytesMax = Infinity): number {
    let written = 0;
    while (written < bytesMax) {
      const transmit = end.lane.pollTransmit();
      if (transmit === undefined) break;
      const count = Math.min(transmit.length, bytesMax - written, end.writeMax);
      const taken = transmit.bytes.slice(transmit.offset, transmit.offset + count);
      end.wire = joined(end.wire, taken);
      end.lane.transmitted(count, this.now);
      written += count;
    }
    return written;
  }

  /** Hands up to `bytesMax` bytes of the wire to the other end, `chunkMax` at a time. */
  deliver(end: LaneEnd, bytesMax = Infinity, chunkMax = Infinity): number {
    let delivered = 0;
    const other = this.other(end);
    while (end.wire.length > 0 && delivered < bytesMax) {
      const count = Math.min(end.wire.length, bytesMax - delivered, chunkMax);
      const chunk = end.wire.slice(0, count);
      end.wire = end.wire.slice(count);
      other.lane.receive(chunk, this.now, other);
      delivered += count;
    }
    return delivered;
  }

  /** Runs both ways until nothing moves, timers of acknowledgements included. */
  drive(chunkMax = Infinity): void {
    for (let rounds = 0; rounds < 100_000; rounds++) {
      let moved = 0;
      for (const end of [this.a, this.b]) {
        moved += this.write(end);
        moved += this.deliver(end, Infinity, chunkMax);
      }
      if (moved > 0) continue;
      const due = [this.a, this.b]
        .map((end) => end.lane.pollTimeout())
        .filter((one) => one !== undefined);
      if (due.length === 0) return;
      this.now = Math.max(this.now, Math.min(...due));
      for (const end of [this.a, this.b]) end.lane.handleTimeout(this.now);
    }
    throw new Error("the pair never comes to rest");
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
