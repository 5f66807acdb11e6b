/**
 * The way from one scheduler of this node to another: signals are encoded at once into a batch, and a batch is posted,
 * its buffer transferred, when the run slice ends. Signals that only pass through here, from a lane that ends on this
 * scheduler to a process that lives on the other, carry the number of their session, so that the other side can put
 * them behind that session's NodeUp and drop them once it is over.
 *
 * A port never loses or reorders, so both directions have a dictionary that lives as long as the threads.
 */
import { latin1Bytes } from "../../../base/bytes.ts";
import { assert } from "../../../base/assert.ts";
import { DecodeError, EncodeError, LaneFullError, MessageTooLarge } from "../../../base/error.ts";
import type { ThreadPort } from "../../../port/threads.ts";
import type { Identities } from "../../../term/identities.ts";
import type { Pid } from "../../../term/pid.ts";
import { obeysHardLimit } from "../../../wire/signals/message.ts";
import type { Undecodable, WireSignal } from "../../../wire/signals/wire-signal.ts";
import { PortReader, PortWriter } from "./port-codec.ts";

/** Bytes of a batch that is posted before the slice ends, so that the other side can start. */
const BATCH_BYTES = 256 * 1024;
/** Up to here a string with a character for each byte is posted: a port has a shorter way for strings than for anything else. */
const TEXT_BYTES = 256;
/** From here on moving a buffer costs less than having it cloned. */
const TRANSFER_BYTES = 4 * 1024;
/** Bytes worked off that are not worth a message of their own, and the share of the high-water mark that they may be. */
const DONE_BYTES = 64 * 1024;
const DONE_SHARE = 8;

/** Which session a batch came from: 0 and nothing else for signals of this node itself. */
export interface Origin {
  readonly number: number;
  readonly node: string;
  readonly creation: number;
  readonly hidden: boolean;
}

/** Signals of this node itself. */
export const HERE: Origin = { number: 0, node: "", creation: 0, hidden: false };

/** Signals that came over a lane. Those of this node itself are posted as bytes and nothing else: that is half the price. */
interface Batch extends Origin {
  readonly kind: "batch";
  readonly bytes: ArrayBuffer;
}

/** The other side has worked off so many bytes: room for more. Not said of every few. */
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

type Received = string | Uint8Array | Batch | Done | Marker | Echo;

export interface PortLinkEvents {
  /** Something waits: call `flush` when the slice ends. */
  pending(link: PortLink): void;
  /** False: this session is over, its batch is to be dropped. */
  meet(origin: Origin): boolean;
  /** `origin`: the session that it came from, or `HERE`. */
  signal(signal: WireSignal | Undecodable, origin: Origin): void;
  /** There is room again below the high-water mark. */
  ready(): void;
  /** More waits than may: whoever brings signals of that session is to wait, until `roomy`. Called for each of them. */
  full(origin: Origin): void;
  roomy(): void;
}

export interface PortLinkLimits {
  readonly messageBytesMax: number;
  readonly highWaterBytes: number;
  readonly hardBytes: number;
  /** Bytes at which those who bring signals from lanes are told to wait. */
  readonly relayBytes: number;
}

export class PortLink {
  /** Number of the scheduler on the other side. */
  readonly scheduler: number;
  readonly #port: ThreadPort;
  readonly #events: PortLinkEvents;
  readonly #limits: PortLinkLimits;
  readonly #writer: PortWriter;
  readonly #reader: PortReader;
  #origin: Origin = HERE;
  /** Bytes posted that the other side has not said that it has worked off. */
  #inFlight = 0;
  /** Bytes worked off here that the other side has not been told of, and how many there may be. */
  #owed = 0;
  readonly #owedMax: number;
  #pending = false;
  /** `full` was said, and not yet `roomy`. */
  #isFull = false;
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
    this.#owedMax = Math.min(DONE_BYTES, options.limits.highWaterBytes / DONE_SHARE);
    this.#writer = new PortWriter(options.limits.messageBytesMax);
    this.#reader = new PortReader(options.identities);
  }

  /** Takes what comes from now on, beginning with what has come already. */
  open(): void {
    this.#port.receive((message) => this.#receive(message as Received));
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
    if (origin !== HERE) return this.#relay({ kind: "message", from, to, message }, origin);
    this.#enter(origin, true);
    this.#written(this.#writer.message(from, to, message));
  }

  /**
   * As `message`, for every kind; system signals always pass. What came over a lane always passes too, and what cannot be
   * written for that port is told as `undecodable`: its sender is on another node.
   */
  signal(signal: WireSignal, origin: Origin = HERE): void {
    const { kind } = signal;
    if (origin !== HERE) return this.#relay(signal, origin);
    if (kind === "message") return this.message(signal.from, signal.to, signal.message);
    if (this.isStopping && (kind === "link_exit" || kind === "down")) return;
    this.#enter(origin, obeysHardLimit(kind));
    this.#written(this.#writer.signal(signal));
  }

  #relay(signal: WireSignal, origin: Origin): void {
    // It was bounded on its lane: it must not be lost here.
    this.#enter(origin, false);
    const writer = this.#writer;
    const error = failure(() =>
      signal.kind === "message"
        ? writer.message(signal.from, signal.to, signal.message, true)
        : writer.signal(signal, true),
    );
    if (error === undefined) return this.#written(true);
    assert(canBeUndecodable(signal), "only what users send can fail");
    this.#events.signal({ kind: "undecodable", signal, error }, HERE);
  }

  #enter(origin: Origin, bounded: boolean): void {
    if (bounded && this.bytes >= this.#limits.hardBytes) {
      throw new LaneFullError(`scheduler ${this.scheduler}`, this.bytes, this.#limits.hardBytes);
    }
    if (origin.number !== this.#origin.number) this.flush();
    this.#origin = origin;
  }

  #written(written: boolean): void {
    if (!written) {
      throw new MessageTooLarge(this.#limits.messageBytesMax, this.#limits.messageBytesMax);
    }
    if (this.#origin !== HERE && this.bytes >= this.#limits.relayBytes) {
      this.#isFull = true;
      this.#events.full(this.#origin);
    }
    if (this.#writer.length >= BATCH_BYTES) this.flush();
    else if (!this.#pending) {
      this.#pending = true;
      this.#events.pending(this);
    }
  }

  /** Posts what waits. */
  flush(): void {
    this.#pending = false;
    if (this.#writer.length === 0) return;
    if (this.#writer.length < TEXT_BYTES && this.#origin.number === 0) {
      this.#inFlight += this.#writer.length;
      this.#port.post(this.#writer.takeText());
      return;
    }
    const copy = this.#writer.take();
    const bytes = copy.buffer as ArrayBuffer;
    this.#inFlight += bytes.byteLength;
    if (this.#origin.number > 0) {
      this.#port.post({ kind: "batch", ...this.#origin, bytes } satisfies Batch, [bytes]);
    } else if (bytes.byteLength < TRANSFER_BYTES) {
      this.#port.post(copy);
    } else {
      this.#port.post(copy, [bytes]);
    }
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
    if (this.#isFull) this.#events.roomy();
  }

  #receive(message: Received): void {
    this.received += 1;
    if (typeof message === "string") return this.#work(latin1Bytes(message), HERE);
    if (message instanceof Uint8Array) return this.#work(message, HERE);
    switch (message.kind) {
      case "batch":
        return this.#work(
          new Uint8Array(message.bytes),
          this.#events.meet(message) ? message : undefined,
        );
      case "done":
        return this.#doneThere(message.bytes);
      case "marker":
        return this.#port.post({ kind: "echo", id: message.id });
      default:
        this.#markers.get(message.id)?.();
        this.#markers.delete(message.id);
    }
  }

  /** Without an origin the batch is dropped; it is read all the same: the dictionary goes on. */
  #work(bytes: Uint8Array, origin: Origin | undefined): void {
    const events = this.#events;
    this.#reader.read(bytes, (signal) => {
      if (origin !== undefined) events.signal(signal, origin);
    });
    this.#owed += bytes.byteLength;
    if (this.#owed < this.#owedMax) return;
    this.#port.post({ kind: "done", bytes: this.#owed } satisfies Done);
    this.#owed = 0;
  }

  #doneThere(bytes: number): void {
    const wasReady = this.ready;
    this.#inFlight -= bytes;
    if (!wasReady && this.ready) this.#events.ready();
    if (this.#isFull && this.bytes < this.#limits.relayBytes / 2) {
      this.#isFull = false;
      this.#events.roomy();
    }
  }
}

/** Why a message from another node cannot go on: a struct's own codec throws here, or the bytes are too many by far. */
function failure(write: () => boolean): DecodeError | undefined {
  try {
    if (write()) return undefined;
    return new DecodeError("term_too_large", "message too large to hand on to another scheduler");
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    const text = `message cannot be handed on to another scheduler: ${error.message}`;
    return new DecodeError("struct_undecodable", text, -1, { cause: error });
  }
}

function canBeUndecodable(signal: WireSignal): signal is Undecodable["signal"] {
  const { kind } = signal;
  return ["message", "message_named", "multicast", "spawn_request"].includes(kind);
}
