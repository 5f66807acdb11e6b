import { ConnectionError } from "../base/error.ts";
import type { Millis } from "../base/millis.ts";
import type { Connection, ConnectionHandler } from "../port/transport.ts";
import type { Owner } from "./event-queue.ts";
import type { Link, Network } from "./network.ts";

/** Bytes that a connection takes before the other side has read them. */
const WINDOW_BYTES = 128 * 1024;

/** Bytes that arrive at once. */
const CHUNK_BYTES_MAX = 16 * 1024;

/** Milliseconds between two looks whether a link that was cut is back: TCP sends again. */
const RESEND_MS = 200;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly at: Millis;
}

/** One end of a byte stream in a world. */
export class SimConnection implements Connection {
  readonly remoteHost: string;
  readonly #network: Network;
  readonly #link: Link;
  readonly #owner: Owner;
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
  /** Cut: what is still written goes nowhere until both ends have noticed. */
  #broken = false;

  constructor(
    network: Network,
    link: Link,
    owner: Owner,
    remoteHost: string,
    exporter: Uint8Array,
  ) {
    this.#network = network;
    this.#link = link;
    this.#owner = owner;
    this.remoteHost = remoteHost;
    this.#exporter = exporter;
  }

  get remote(): string {
    return `${this.remoteHost}:0`;
  }

  get owner(): Owner {
    return this.#owner;
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
    if (this.#closed || this.#peer === undefined) return -1;
    if (this.#broken) return length;
    const taken = Math.min(length, WINDOW_BYTES - this.#peer.#underWay);
    if (taken < length) this.#wantsDrain = true;
    // A copy, also of a Buffer, whose own `slice` would be a view of memory that its owner uses again.
    if (taken > 0) this.#peer.#arrive(new Uint8Array(bytes.subarray(offset, offset + taken)));
    return Math.max(0, taken);
  }

  end(): void {
    if (this.#closed) return;
    const peer = this.#peer;
    this.#close(undefined);
    if (peer === undefined) return;
    peer.#ending = true;
    peer.#deliverLater();
  }

  terminate(): void {
    if (this.#closed) return;
    this.#close(new ConnectionError("closed_here", "closed here"));
    this.#peer?.reset();
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
      const kept = Math.floor(end.#underWay * share);
      end.#truncate(kept);
      end.reset();
    }
  }

  /** The other side is gone. */
  reset(): void {
    if (this.#closed) return;
    this.#network.events.schedule(this.#link.delayMs, this.#owner, () => {
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
      this.#incoming[place] = { ...chunk, bytes: chunk.bytes.subarray(0, left) };
      this.#incoming.length = place + 1;
      return;
    }
  }

  #arrive(bytes: Uint8Array): void {
    const { events, random } = this.#network;
    for (let start = 0; start < bytes.length;) {
      const size = Math.min(bytes.length - start, 1 + random.below(CHUNK_BYTES_MAX));
      const transit = this.#link.delayMs + this.#link.jitterMs * random.random();
      // A stream does not reorder: nothing overtakes what was sent before.
      this.#lastAt = Math.max(this.#lastAt, events.now + transit);
      this.#incoming.push({ bytes: bytes.subarray(start, start + size), at: this.#lastAt });
      start += size;
    }
    this.#underWay += bytes.length;
    this.#deliverLater();
  }

  #deliverLater(): void {
    if (this.#delivering || this.#closed || this.#handler === undefined || this.#paused) return;
    const next = this.#incoming[0];
    if (next === undefined && !this.#ending) return;
    this.#delivering = true;
    const { events } = this.#network;
    const at = next === undefined ? events.now : next.at;
    events.schedule(at - events.now, this.#owner, () => {
      this.#delivering = false;
      if (this.#link.cut) {
        this.#delivering = true;
        events.schedule(RESEND_MS, this.#owner, () => {
          this.#delivering = false;
          this.#deliverLater();
        });
        return;
      }
      this.#deliver();
      this.#deliverLater();
    });
  }

  #deliver(): void {
    const chunk = this.#incoming.shift();
    if (chunk === undefined) {
      if (this.#ending) this.#close(undefined);
      return;
    }
    this.#underWay -= chunk.bytes.length;
    this.#network.trace(this.#network.events.now, chunk.bytes);
    this.#handler?.received(chunk.bytes);
    const peer = this.#peer;
    if (peer !== undefined && peer.#wantsDrain && this.#underWay < WINDOW_BYTES / 2) {
      peer.#wantsDrain = false;
      this.#network.events.schedule(this.#link.delayMs, peer.#owner, () => {
        if (!peer.#closed) peer.#handler?.drained();
      });
    }
  }

  /** What was under way when the other side vanished. */
  #flush(): void {
    while (!this.#closed && !this.#paused && !this.#link.cut && this.#incoming.length > 0) {
      const chunk = this.#incoming.shift()!;
      this.#underWay -= chunk.bytes.length;
      if (chunk.bytes.length > 0) this.#handler?.received(chunk.bytes);
    }
  }

  #close(error: ConnectionError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.connections.delete(this);
    this.#incoming.length = 0;
    const handler = this.#handler;
    if (handler !== undefined) {
      this.#network.events.schedule(0, this.#owner, () => handler.closed(error));
    }
  }
}
