import type { Pid } from "../term/pid.ts";
import type { DeadLetterReason } from "../process/host.ts";
import { typeText } from "../process/mailbox.ts";
import type { NameOnNode } from "../process/signal.ts";
import type { SchedulerEvents } from "./events.ts";

/** Counts the messages that reach nobody, by reason, and shows samples: the first, then at each power of two. */
export class DeadLetters {
  readonly counts = new Map<DeadLetterReason, number>();
  readonly #events: SchedulerEvents;

  constructor(events: SchedulerEvents) {
    this.#events = events;
  }

  add(reason: DeadLetterReason, to: Pid | NameOnNode, message: unknown): void {
    const count = (this.counts.get(reason) ?? 0) + 1;
    this.counts.set(reason, count);
    if (this.#events.deadLetter === undefined || (count & (count - 1)) !== 0) return;
    this.#events.deadLetter({ reason, to, messageType: typeText(message), count });
  }
}
