/**
 * The way from one scheduler of this node to another: signals are encoded at once into a batch, and a batch is posted,
 * its buffer transferred, when the run slice ends. Signals that only pass through here, from a lane that ends on this
 * scheduler to a process that lives on the other, carry the number of their session, so that the other side can put
 * them behind that session's NodeUp and drop them once it is over.
 *
 * A port never loses or reorders, so both directions have a dictionary that lives as long as the threads.
 */
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { LaneFullError, MessageTooLarge } from "../base/error.ts";
import type { ThreadPort } from "../port/threads.ts";
import { TermDecoder } from "../term/decode.ts";
import { TermEncoder } from "../term/encode.ts";
import type { Identities } from "../term/identities.ts";
import type { Pid } from "../term/pid.ts";
import { decodeSignal, encodeSignal, obeysHardLimit } from "../wire/message.ts";
import type { SignalIn, SignalOut } from "../wire/signal-field.ts";
import type { Undecodable, WireSignal } from "../wire/wire-signal.ts";

/** Bytes of a batch that is posted before the slice ends, so that the other side can start. */
const BATCH_BYTES = 256 * 1024;

/** Which session a batch came from: 0 and nothing else for signals of this node itself. */
export interface Origin {
  readonly number: number;
  readonly node: string;
  readonly creation: number;
  readonly hidden: boolean;
}

/** Signals of this node itself. */
export const HERE: Origin = { number: 0, node: "", creation: 0, hidden: false };

interface Batch extends Origin {
  readonly kind: "batch";
  readonly bytes: ArrayBuffer;
}

/** The other side has worked off so many bytes: room for more. */
interface Done {
  readonly kind: "done";
  readonly bytes: number;
}

/** Comes back as an echo once everything before it has been handled on the other side. */
interface Marker {
  readonly kind: "marker";
  readonly id: number;
}

interface Echo {
  readonly kind: "echo";
  readonly id: number;
}

export interface PortLinkEvents {
  /** Something waits: call `flush` when the slice ends. */
  pending(): void;
  /** False: this session is over, its batch is to be dropped. */
  meet(origin: Origin): boolean;
  /** `origin`: the session that it came from, or `HERE`. */
  signal(signal: WireSignal | Undecodable, origin: Origin): void;
  /** There is room again below the high-water mark. */
  ready(): void;
}

export interface PortLinkLimits {
  readonly messageBytesMax: number;
  readonly highWaterBytes: number;
  readonly hardBytes: number;
}

export class PortLink {
  /** Number of the scheduler on the other side. */
  readonly scheduler: number;
  readonly #port: ThreadPort;
  readonly #events: PortLinkEvents;
  readonly #limits: PortLinkLimits;
  readonly #writer = new ByteWriter(4096);
  readonly #out: SignalOut;
  readonly #in: SignalIn;
  #origin: Origin = HERE;
  /** Bytes posted that the other side has not worked off. */
  #inFlight = 0;
  #pending = false;
  readonly #markers = new Map<number, () => void>();
  #markerNext = 1;

  constructor(options: {
    readonly scheduler: number;
    readonly port: ThreadPort;
    readonly identities: Identities;
    readonly limits: PortLinkLimits;
    readonly events: PortLinkEvents;
  }) {
    this.scheduler = options.scheduler;
    this.#port = options.port;
    this.#events = options.events;
    this.#limits = options.limits;
    this.#out = {
      writer: this.#writer,
      encoder: new TermEncoder(this.#writer),
      termBytesMax: options.limits.messageBytesMax,
    };
    this.#in = { reader: new ByteReader(), decoder: new TermDecoder(options.identities) };
  }

  /** Takes what comes from now on, beginning with what has come already. */
  open(): void {
    this.#port.receive((message) => this.#receive(message as Batch | Done | Marker | Echo));
  }

  /** The whole node stops: that a process here ended is no news to the other schedulers, least of all to supervisors. */
  isStopping = false;

  /** Messages that came from the other side so far. */
  received = 0;

  /** Bytes that the other side has still to work off. */
  get bytes(): number {
    return this.#inFlight + this.#writer.length;
  }

  get ready(): boolean {
    return this.bytes < this.#limits.highWaterBytes;
  }

  /** @throws {EncodeError} @throws {LaneFullError} @throws {MessageTooLarge} for messages and spawn requests */
  message(from: Pid | undefined, to: Pid, message: unknown, origin: Origin = HERE): void {
    this.signal({ kind: "message", from, to, message }, origin);
  }

  /** As `message`, for every kind; system signals always pass. */
  signal(signal: WireSignal, origin: Origin = HERE): void {
    const { kind } = signal;
    if (this.isStopping && origin === HERE && (kind === "link_exit" || kind === "down")) return;
    // What came over a lane was bounded there: it must not be lost here.
    if (origin === HERE && obeysHardLimit(signal.kind) && this.bytes >= this.#limits.hardBytes) {
      throw new LaneFullError(`scheduler ${this.scheduler}`, this.bytes, this.#limits.hardBytes);
    }
    if (origin.number !== this.#origin.number) this.flush();
    this.#origin = origin;
    const start = this.#writer.length;
    let written = false;
    try {
      written = encodeSignal(this.#out, signal);
    } finally {
      if (!written) this.#writer.length = start;
    }
    if (!written) {
      throw new MessageTooLarge(this.#limits.messageBytesMax, this.#limits.messageBytesMax);
    }
    if (this.#writer.length >= BATCH_BYTES) this.flush();
    else if (!this.#pending) {
      this.#pending = true;
      this.#events.pending();
    }
  }

  /** Posts what waits. */
  flush(): void {
    this.#pending = false;
    if (this.#writer.length === 0) return;
    const bytes = this.#writer.copy().buffer as ArrayBuffer;
    this.#writer.length = 0;
    this.#inFlight += bytes.byteLength;
    this.#port.post({ kind: "batch", ...this.#origin, bytes } satisfies Batch, [bytes]);
  }

  /** Calls `passed` when the other side has handled all that was posted before. */
  mark(passed: () => void): void {
    this.flush();
    const id = this.#markerNext++;
    this.#markers.set(id, passed);
    this.#port.post({ kind: "marker", id } satisfies Marker);
  }

  close(): void {
    this.#port.close();
  }

  /** The other side is no more, and all that it sent has been handled: nobody waits for it any longer. */
  abandon(): void {
    this.close();
    for (const passed of this.#markers.values()) passed();
    this.#markers.clear();
  }

  #receive(message: Batch | Done | Marker | Echo): void {
    this.received += 1;
    if (message.kind === "done") {
      const wasReady = this.ready;
      this.#inFlight -= message.bytes;
      if (!wasReady && this.ready) this.#events.ready();
      return;
    }
    if (message.kind === "marker") return this.#port.post({ kind: "echo", id: message.id });
    if (message.kind === "echo") {
      this.#markers.get(message.id)?.();
      this.#markers.delete(message.id);
      return;
    }
    const origin = message.number === 0 ? HERE : message;
    const known = origin === HERE || this.#events.meet(message);
    const { reader } = this.#in;
    reader.reset(new Uint8Array(message.bytes));
    // Read even if it is dropped: the dictionary goes on.
    while (reader.remaining > 0) {
      const signal = decodeSignal(this.#in);
      if (known) this.#events.signal(signal, origin);
    }
    this.#port.post({ kind: "done", bytes: message.bytes.byteLength } satisfies Done);
  }
}
