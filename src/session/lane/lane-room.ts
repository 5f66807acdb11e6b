/** How much waits on a lane and how much may: when senders pause, when they are refused, and when the session has to end. */
import { LaneFullError, ProtocolError } from "../../base/error.ts";
import type { Pid } from "../../term/pid.ts";
import { GIANT_BYTES, type Backlog } from "./backlog.ts";
import type { LaneBudget, LaneLimits } from "./lane-limits.ts";
import type { Outgoing } from "./outgoing.ts";

export interface LaneRoomOptions {
  /** Name of the peer, for errors. */
  readonly node: string;
  readonly limits: LaneLimits;
  readonly budget: LaneBudget | undefined;
  readonly out: Outgoing;
  readonly backlog: Backlog;
}

/** The limits of one lane, and its share of what the lanes of a thread may hold together. */
export class LaneRoom {
  readonly #node: string;
  readonly #limits: LaneLimits;
  readonly #budget: LaneBudget | undefined;
  readonly #out: Outgoing;
  readonly #backlog: Backlog;
  /** Bytes that this lane has put into the budget. */
  #budgeted = 0;

  constructor(options: LaneRoomOptions) {
    this.#node = options.node;
    this.#limits = options.limits;
    this.#budget = options.budget;
    this.#out = options.out;
    this.#backlog = options.backlog;
  }

  /** Bytes accepted and not yet taken by a socket. */
  get queuedBytes(): number {
    return this.#out.queuedBytes + this.#backlog.bytes;
  }

  get aboveHighWater(): boolean {
    return this.queuedBytes > this.#limits.highWaterBytes;
  }

  /** Whether much waits in frames, which every sender's next signal waits behind. */
  get framesAboveHighWater(): boolean {
    return this.#out.queuedBytes > this.#limits.highWaterBytes;
  }

  /**
   * Whether this sender is to pause: much waits in frames, or much of its own behind a large message. What others have
   * in fragments does not hold it up.
   */
  aboveHighWaterFor(from: Pid | undefined): boolean {
    const own = this.#backlog.isEmpty ? 0 : this.#backlog.bytesOf(senderOf(from));
    return this.#out.queuedBytes + own > this.#limits.highWaterBytes;
  }

  /** Before anything is added. @throws {LaneFullError} */
  check(): void {
    const bytes = this.#countedBytes;
    const { hardBytes } = this.#limits;
    if (bytes >= hardBytes) throw new LaneFullError(this.#node, bytes, hardBytes);
    const budget = this.#budget;
    if (budget !== undefined && budget.bytes >= budget.max)
      throw new LaneFullError(this.#node, budget.bytes, budget.max);
  }

  /**
   * Before a large signal of `size` bytes is added: one giant may be on its way beside all else that waits, a second one
   * has to fit under the limit.
   * @throws {LaneFullError}
   */
  checkLarge(size: number): void {
    const bytes = this.#countedBytes + size;
    const { hardBytes } = this.#limits;
    if (bytes <= hardBytes) return;
    if (size <= GIANT_BYTES || this.#backlog.hasGiant)
      throw new LaneFullError(this.#node, bytes, hardBytes);
  }

  /** After a signal that no limit holds back: why the session has to end, if even that was too much. */
  overrun(): ProtocolError | undefined {
    const bytes = this.#countedBytes;
    const limit = this.#limits.hardBytes + this.#limits.overrunBytes;
    if (bytes <= limit) return undefined;
    const text = `${bytes} bytes wait for ${this.#node}, the limit is ${limit} bytes`;
    return new ProtocolError("lane_overrun", text);
  }

  /** Brings this lane's share of the budget up to date. */
  settle(): void {
    const budget = this.#budget;
    if (budget === undefined) return;
    const bytes = this.queuedBytes;
    budget.bytes += bytes - this.#budgeted;
    this.#budgeted = bytes;
  }

  /** The session is over: gives the share back. */
  release(): void {
    if (this.#budget !== undefined) this.#budget.bytes -= this.#budgeted;
    this.#budgeted = 0;
  }

  get #countedBytes(): number {
    return this.#out.queuedBytes + this.#backlog.countedBytes;
  }
}

/** What keeps a sender's signals in order: its own number on this node, 0 for the node's own program. */
export function senderOf(from: Pid | undefined): number {
  return from === undefined ? 0 : from.local;
}
