import { ConnectionError } from "../../base/error.ts";
import type { Millis } from "../../base/millis.ts";
import type { Prng } from "../../base/prng.ts";
import type { Connection, ConnectionHandler } from "../../port/transport.ts";
import type { Owner } from "../event-queue.ts";
import type { Host, Way } from "./link.ts";
import type { Network } from "./network.ts";

/** Bytes that arrive at once. */
const CHUNK_BYTES_MAX = 16 * 1024;

/** Milliseconds between two looks whether a way that was cut is back: TCP sends again. */
const RESEND_MS = 100;

/** Milliseconds that a slow reader is at one chunk: it is not slow for long after its host has healed. */
const READING_MS_MAX = 1_000;

interface Chunk {
  bytes: Uint8Array;
  readonly at: Millis;
}

/** One end of a byte stream in a world. */
export class SimConnection implements Connection {
  readonly remoteHost: string;
  readonly owner: Owner;
  readonly #network: Network;
  readonly #random: Prng;
  readonly #incomingWay: Way;
  readonly #outgoingWay: Way;
  readonly #host: Host;
  readonly #exporter: Uint8Array;
  #peer: SimConnection | undefined;
  #handler: ConnectionHandler | undefined;
  /** Chunks on their way to this end, in order. */
  readonly #incoming: Chunk[] = [];
  #underWay = 0;
  #lastAt: Millis = 0;
  #delivering = false;
  #paused = false;
  #closed = false;
  #wantsDrain = false;
  /** The other end has said that nothing more comes. */
  #ending = false;
  /** What is still written goes nowhere: the connection was cut, or the other end knows nothing of it any more. */
  #broken = false;

  constructor(options: {
    readonly network: Network;
    readonly random: Prng;
    readonly incoming: Way;
    readonly outgoing: Way;
    readonly host: Host;
    readonly owner: Owner;
    readonly remoteHost: string;
    readonly exporter: Uint8Array;
  }) {
    this.#network = options.network;
    this.#random = options.random;
    this.#incomingWay = options.incoming;
    this.#outgoingWay = options.outgoing;
    this.#host = options.host;
    this.owner = options.owner;
    this.remoteHost = options.remoteHost;
    this.#exporter = options.exporter;
  }

  get remote(): string {
    return `${this.remoteHost}:0`;
  }

  /** The thread at the other end. */
  get peerOwner(): Owner | undefined {
    return this.#peer?.owner;
  }

  /** Nothing gets through any more, though this end may not know it. */
  get isBroken(): boolean {
    return this.#broken;
  }

  /** Bytes that the other end has written and this one has not read. */
  get underWay(): number {
    return this.#underWay;
  }

  /** When the last of what is on its way to this end is due; 0: nothing is. A way that was slow stays so for what it had taken. */
  get dueBy(): Millis {
    return this.#incoming.at(-1)?.at ?? 0;
  }

  join(peer: SimConnection): void {
    this.#peer = peer;
  }

  open(handler: ConnectionHandler): void {
    this.#handler = handler;
    if (this.#closed) return handler.closed(new ConnectionError("connection_reset", "reset"));
    this.#network.connections.add(this);
    handler.opened(this);
    this.#deliverLater();
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    const peer = this.#peer;
    if (this.#closed || peer === undefined) return -1;
    const window = Math.min(this.#host.windowBytes, peer.#host.windowBytes);
    const taken = Math.max(0, Math.min(length, window - peer.#underWay));
    if (taken < length) this.#wantsDrain = true;
    if (taken === 0) return 0;
    if (this.#broken) peer.#underWay += taken;
    // A copy, also of a Buffer, whose own `slice` would be a view of memory that its owner uses again.
    else peer.#arrive(Uint8Array.prototype.slice.call(bytes, offset, offset + taken));
    return taken;
  }

  end(): void {
    if (this.#closed) return;
    const peer = this.#peer;
    this.#close(undefined);
    if (peer === undefined || this.#broken) return;
    peer.#ending = true;
    peer.#deliverLater();
  }

  terminate(): void {
    if (this.#closed) return;
    this.#close(new ConnectionError("closed_here", "closed here"));
    if (!this.#broken) this.#peer?.reset();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverLater();
  }

  exporter(): Uint8Array {
    return this.#exporter;
  }

  certifies(): boolean {
    return true;
  }

  /** Both ends learn that it is gone; of what is under way a part still arrives, up to any byte. */
  cutAt(share: number): void {
    for (const end of [this, this.#peer]) {
      if (end === undefined || end.#closed) continue;
      end.#broken = true;
      end.#truncate(Math.floor(end.#underWay * share));
      end.reset();
    }
  }

  /** This end learns that it is gone, the other one never: what it writes fills its window and goes nowhere. */
  halfCutAt(share: number): void {
    const peer = this.#peer;
    if (peer !== undefined) peer.#broken = this.#broken = true;
    this.#truncate(Math.floor(this.#underWay * share));
    this.reset();
  }

  /** Neither end learns it: of what is under way a part still arrives, and what they write fills windows and goes nowhere. */
  silenceAt(share: number): void {
    for (const end of [this, this.#peer]) {
      if (end === undefined) continue;
      end.#broken = true;
      end.#truncate(Math.floor(end.#underWay * share));
    }
  }

  /** This end is gone without a word; the other one, which does not know, is the result. */
  vanish(): SimConnection | undefined {
    const peer = this.#peer;
    this.#closed = true;
    this.#network.connections.delete(this);
    if (peer === undefined || peer.#closed) return undefined;
    peer.#broken = true;
    return peer;
  }

  /** The other side is gone, and its machine says so as soon as something gets through. */
  reset(): void {
    if (this.#closed) return;
    const { events } = this.#network;
    events.schedule(this.#incomingWay.delayMs, this.owner, () => {
      if (this.#closed) return;
      if (this.#incomingWay.isCut) {
        events.schedule(RESEND_MS, this.owner, () => this.reset());
        return;
      }
      this.#flush();
      this.#close(new ConnectionError("connection_reset", "connection reset"));
    });
  }

  #truncate(bytes: number): void {
    let left = bytes;
    for (let place = 0; place < this.#incoming.length; place++) {
      const chunk = this.#incoming[place]!;
      if (chunk.bytes.length <= left) {
        left -= chunk.bytes.length;
        continue;
      }
      chunk.bytes = chunk.bytes.subarray(0, left);
      this.#incoming.length = place + 1;
      return;
    }
  }

  #arrive(bytes: Uint8Array): void {
    const { events } = this.#network;
    const way = this.#incomingWay;
    for (let start = 0; start < bytes.length;) {
      const size = Math.min(bytes.length - start, 1 + this.#random.below(CHUNK_BYTES_MAX));
      let at = events.now + way.delayMs + way.jitterMs * this.#random.random();
      if (way.bytesPerMs !== Infinity) {
        way.freeAt = Math.max(way.freeAt, events.now) + size / way.bytesPerMs;
        at = Math.max(at, way.freeAt + way.delayMs);
      }
      // A stream does not reorder: nothing overtakes what was sent before.
      this.#lastAt = Math.max(this.#lastAt, at);
      this.#incoming.push({ bytes: bytes.subarray(start, start + size), at: this.#lastAt });
      start += size;
    }
    this.#underWay += bytes.length;
    this.#deliverLater();
  }

  /** Has the next chunk arrive at its time, but not within `readingMs`: who reads slowly is still at the last one. */
  #deliverLater(readingMs: Millis = 0): void {
    if (this.#delivering || this.#closed || this.#handler === undefined || this.#paused) return;
    const next = this.#incoming[0];
    if (next === undefined && !this.#ending) return;
    const { now } = this.#network.events;
    const dueMs = next === undefined ? this.#incomingWay.delayMs : next.at - now;
    this.#deliverAfter(Math.max(dueMs, readingMs));
  }

  #deliverAfter(afterMs: Millis): void {
    this.#delivering = true;
    this.#network.events.schedule(afterMs, this.owner, this.#due);
  }

  readonly #due = (): void => {
    this.#delivering = false;
    if (this.#paused || this.#closed) return;
    if (this.#incomingWay.isCut) return this.#deliverAfter(RESEND_MS);
    const size = this.#incoming[0]?.bytes.length ?? 0;
    this.#deliver();
    this.#deliverLater(Math.min(size / this.#host.readBytesPerMs, READING_MS_MAX));
  };

  #deliver(): void {
    const chunk = this.#incoming.shift();
    if (chunk === undefined) {
      if (this.#ending) this.#close(undefined);
      return;
    }
    this.#underWay -= chunk.bytes.length;
    this.#hand(chunk.bytes);
    const peer = this.#peer;
    if (peer === undefined || !peer.#wantsDrain) return;
    if (this.#underWay >= Math.min(this.#host.windowBytes, peer.#host.windowBytes) / 2) return;
    peer.#wantsDrain = false;
    this.#network.events.schedule(this.#outgoingWay.delayMs, peer.owner, () => {
      if (!peer.#closed) peer.#handler?.drained();
    });
  }

  #hand(bytes: Uint8Array): void {
    this.#network.trace(bytes);
    if (bytes.length > 0) this.#handler?.received(bytes);
  }

  /** What was under way when the other side vanished. */
  #flush(): void {
    while (!this.#closed && !this.#paused && this.#incoming.length > 0) {
      const chunk = this.#incoming.shift()!;
      this.#underWay -= chunk.bytes.length;
      this.#hand(chunk.bytes);
    }
  }

  #close(error: ConnectionError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.connections.delete(this);
    this.#incoming.length = 0;
    const handler = this.#handler;
    if (handler !== undefined) {
      this.#network.events.schedule(0, this.owner, () => handler.closed(error));
    }
  }
}
