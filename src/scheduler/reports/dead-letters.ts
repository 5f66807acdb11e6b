import type { Millis } from "../../base/millis.ts";
import type { Pid } from "../../term/pid.ts";
import type { Clock } from "../../port/clock.ts";
import type { DeadLetterReason } from "../../process/host.ts";
import { typeText } from "../../process/mailbox.ts";
import type { NameOnNode } from "../../process/signal.ts";
import type { DeadLetter, SchedulerEvents } from "../events.ts";

/** Samples that are kept for whoever asks. */
const KEPT_MAX = 128;

/** Milliseconds between two samples of one reason: a flood of dead letters must not cost more than the letters. */
const SAMPLE_MS: Millis = 100;

/** A dead letter of the last minutes. */
export interface KeptLetter extends DeadLetter {
  /** Counts the samples of this scheduler, from 1. */
  readonly serial: number;
  /** Milliseconds since 1970. */
  readonly at: Millis;
}

interface Reason {
  count: number;
  sampledAt: Millis;
}

/**
 * Counts the messages that reach nobody, by reason, and shows samples: events for the log, the first and then at each power of two; and
 * the stream, up to ten a second of each reason.
 */
export class DeadLetters {
  readonly #clock: Clock;
  readonly #events: SchedulerEvents;
  readonly #reasons = new Map<DeadLetterReason, Reason>();
  #kept: KeptLetter[] = [];
  #serial = 0;

  constructor(clock: Clock, events: SchedulerEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get counts(): ReadonlyMap<DeadLetterReason, number> {
    return new Map(Array.from(this.#reasons, ([reason, { count }]) => [reason, count]));
  }

  add(reason: DeadLetterReason, to: Pid | NameOnNode, message: unknown): void {
    let known = this.#reasons.get(reason);
    if (known === undefined) {
      known = { count: 0, sampledAt: -Infinity };
      this.#reasons.set(reason, known);
    }
    const count = ++known.count;
    const isLogged = (count & (count - 1)) === 0;
    const now = this.#clock.now();
    if (!isLogged && now - known.sampledAt < SAMPLE_MS) return;
    known.sampledAt = now;
    const letter = { reason, to, messageType: typeText(message), count };
    this.#kept.push({ ...letter, serial: ++this.#serial, at: this.#clock.wall() });
    if (this.#kept.length >= 2 * KEPT_MAX) this.#kept = this.#kept.slice(-KEPT_MAX);
    if (isLogged) this.#events.deadLetter?.(letter);
  }

  /** The newest samples behind that serial number, oldest first; all where it is one of an earlier start of this scheduler. */
  since(serial: number): readonly KeptLetter[] {
    if (serial > this.#serial) return this.since(0);
    return this.#kept.filter((letter) => letter.serial > serial).slice(-KEPT_MAX);
  }
}
