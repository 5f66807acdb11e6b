import type { Clock } from "../../port/clock.ts";

/**
 * Lanes and ports with something to send. What a turn of the event loop brings first leaves as soon as the engine has run the
 * promise reactions at hand, so that an answer does not wait for a turn; what comes after that in the same turn leaves together
 * at its end.
 */
export class Departures {
  readonly #clock: Clock;
  readonly #left: () => void;
  readonly #waiting = new Set<{ flush(): void }>();
  readonly #ahead = new Set<{ flush(): void }>();
  #due = false;
  /** Something has left in this turn. */
  #inTurn = false;

  /** `left` is called after each time that everything has left. */
  constructor(clock: Clock, left: () => void) {
    this.#clock = clock;
    this.#left = left;
  }

  add(what: { flush(): void }): void {
    this.#waiting.add(what);
    this.#arm();
  }

  /** Leaves before all that was added in the other way, whenever that was. */
  addAhead(what: { flush(): void }): void {
    this.#ahead.add(what);
    this.#arm();
  }

  /** At once. */
  readonly flush = (): void => {
    this.#due = false;
    const waiting = [...this.#ahead, ...this.#waiting];
    this.#ahead.clear();
    this.#waiting.clear();
    for (const what of waiting) what.flush();
    this.#left();
  };

  #arm(): void {
    if (this.#due) return;
    this.#due = true;
    const clock = this.#clock;
    if (this.#inTurn || clock.afterMicrotasks === undefined) {
      clock.afterIo(this.flush);
      return;
    }
    this.#inTurn = true;
    clock.afterMicrotasks(this.flush);
    clock.afterIo(this.#turnOver);
  }

  readonly #turnOver = (): void => {
    this.#inTurn = false;
  };
}
