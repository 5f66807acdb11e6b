import { Deadline } from "../base/deadlines.ts";
import type { Millis } from "../base/millis.ts";

/** The clock of the process that waits. */
interface Timers {
  setDeadline(entry: Deadline, afterMs: Millis): void;
  clearDeadline(entry: Deadline): void;
}

class Limit extends Deadline {
  readonly #over: () => void;

  constructor(over: () => void) {
    super();
    this.#over = over;
  }

  override expired(): void {
    this.#over();
  }
}

/**
 * What code of users promises, or after `afterMs` a rejection with `late()`: a supervisor must not wait for ever for a function
 * that it was given.
 */
export function answerWithin<T>(
  timers: Timers,
  afterMs: Millis,
  answer: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const limit = new Limit(() => reject(late()));
    timers.setDeadline(limit, afterMs);
    answer.then(resolve, reject).finally(() => timers.clearDeadline(limit));
  });
}
