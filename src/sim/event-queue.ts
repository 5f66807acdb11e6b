import type { Millis } from "../base/millis.ts";

/** Something that happens at a point of virtual time. `owner` is whose it is: a stalled thread's events wait, a dead one's are lost. */
export interface SimEvent {
  at: Millis;
  /** Order of events of one instant. */
  readonly sequence: number;
  readonly owner: Owner | undefined;
  run: (() => void) | undefined;
}

/** Whose events they are: a thread of a node. */
export interface Owner {
  readonly name: string;
  /** Its events wait until then: it does not get any processor time. */
  stalledUntil: Millis;
  /** Its events are lost. */
  dead: boolean;
  /** Runs one of its events, with everything around it that is ambient on a real thread. */
  run?(callback: () => void): void;
}

/** Looks at the clock within one event that cost no time, and milliseconds that each further one costs. */
const LOOKS_FREE = 256;
const LOOK_MS = 0.05;

/** What is to happen, in order of time and, within an instant, in order of being asked for. A binary heap. */
export class EventQueue {
  now: Millis = 0;
  /** Events that have happened. */
  count = 0;
  readonly #heap: SimEvent[] = [];
  #sequence = 0;
  /** At the clock, within this event. */
  #looks = 0;

  get length(): number {
    return this.#heap.length;
  }

  /**
   * The time as machines see it. Code that looks again and again within one event lets time pass: it would otherwise have
   * all the time in the world, and processes that keep each other busy would never end their slice.
   */
  look(): Millis {
    if (++this.#looks > LOOKS_FREE) this.now += LOOK_MS;
    return this.now;
  }

  /** Runs `callback` so many milliseconds from now. */
  schedule(afterMs: Millis, owner: Owner | undefined, callback: () => void): SimEvent {
    const event: SimEvent = {
      at: afterMs > 0 ? this.now + afterMs : this.now,
      sequence: this.#sequence++,
      owner,
      run: callback,
    };
    this.#push(event);
    return event;
  }

  /** It will not happen. */
  cancel(event: SimEvent): void {
    event.run = undefined;
  }

  /** When the next event is due; undefined: nothing will ever happen. */
  get nextAt(): Millis | undefined {
    return this.#heap[0]?.at;
  }

  /** Lets the next event happen, if one is due by `until`. False: none is. */
  step(until: Millis): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) return false;
      this.#pop();
      const { owner, run } = next;
      // What was cancelled does not even make the time pass.
      if (run === undefined || owner?.dead === true) continue;
      if (owner !== undefined && owner.stalledUntil > next.at) {
        next.at = owner.stalledUntil;
        this.#push(next);
        continue;
      }
      if (next.at > this.now) this.now = next.at;
      next.run = undefined;
      this.count++;
      this.#looks = 0;
      if (owner?.run === undefined) run();
      else owner.run(run);
      return true;
    }
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let place = heap.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent]!;
      if (!isBefore(event, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.at === b.at ? a.sequence < b.sequence : a.at < b.at;
}
