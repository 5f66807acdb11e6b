/**
 * How many bytes a lane has under way at once. Bytes that only queue make everything behind them late, and are no faster for
 * it; on a long way many have to be under way for the way to be full. So the time until an acknowledgement tells: while it
 * stays near the shortest one the window grows, and it shrinks when bytes wait. Source: TCP Vegas.
 */
import { LANE_WINDOW_BYTES_MIN } from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";

/** Milliseconds beyond the shortest time that bytes may queue on their way, and the share of it that a long way varies by. */
const QUEUE_MS = 1;
const VARIANCE = 0.25;

/** Bytes that may be under way, for one direction of one lane. */
export class SendWindow {
  readonly #min: number;
  readonly #max: number;
  #bytes: number;
  /** The shortest time that this socket took to acknowledge something while much was under way. */
  #shortestMs: Millis = Infinity;
  /** The frame that is watched, and when it was sent; 0: none is. */
  #frame = 0;
  #sentAt: Millis = 0;
  /** Something could have been sent since and was not. */
  #wasFull = false;

  constructor(max: number) {
    this.#max = max;
    this.#min = Math.min(LANE_WINDOW_BYTES_MIN, max);
    this.#bytes = this.#min;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The window, and nothing else, holds bytes back. */
  full(): void {
    this.#wasFull = true;
  }

  /** `frame` is the last one sent, `unacked` the bytes that are under way with it. */
  sent(frame: number, unacked: number, now: Millis): void {
    // Little under way says nothing: the peer may take its time with an acknowledgement that nobody waits for.
    if (this.#frame !== 0 || unacked < this.#bytes / 2) return;
    this.#frame = frame;
    this.#sentAt = now;
    this.#wasFull = false;
  }

  acknowledged(frame: number, now: Millis): void {
    if (this.#frame === 0 || frame < this.#frame) return;
    const tookMs = now - this.#sentAt;
    this.#frame = 0;
    this.#shortestMs = Math.min(this.#shortestMs, tookMs);
    if (tookMs > this.#shortestMs * (1 + VARIANCE) + QUEUE_MS) {
      this.#bytes = Math.max(this.#min, this.#bytes * 0.75);
    } else if (this.#wasFull) {
      this.#bytes = Math.min(this.#max, this.#bytes * 1.25);
    }
  }

  /** The socket is gone; the next one may take another way. */
  reset(): void {
    this.#bytes = this.#min;
    this.#shortestMs = Infinity;
    this.#frame = 0;
  }
}
