import type { Millis } from "../base/millis.ts";

/** Something that happens at a point of virtual time. `node` is whose it is: a stopped node's events wait, a dead one's are lost. */
export interface SimEvent {
  readonly at: Millis;
  /** Order of events of one instant. */
  readonly sequence: number;
  readonly owner: Owner | undefined;
  run: (() => void) | undefined;
}

/** Whose events they are. */
export interface Owner {
  readonly name: string;
  /** Its events wait until then: the machine does not get any processor time. */
  stalledUntil: Millis;
  /** Its events are lost. */
  dead: boolean;
}

/** What is to happen, in order of time and, within an instant, in order of being asked for. A binary heap. */
export class EventQueue {
  now: Millis = 0;
  #heap: SimEvent[] = [];
  #sequence = 0;

  get length(): number {
    return this.#heap.length;
  }

  /** Runs `callback` so many milliseconds from now. */
  schedule(afterMs: Millis, owner: Owner | undefined, callback: () => void): SimEvent {
    const event: SimEvent = {
      at: this.now + Math.max(0, afterMs),
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

  /** Lets the next event happen, if it is due by `until`. False: none is. */
  step(until: Millis): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.at > until) return false;
    this.#pop();
    this.now = Math.max(this.now, next.at);
    const { owner, run } = next;
    if (run === undefined || owner?.dead === true) return true;
    if (owner !== undefined && owner.stalledUntil > this.now) {
      this.#push({ ...next, at: owner.stalledUntil });
      return true;
    }
    next.run = undefined;
    run();
    return true;
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let place = heap.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.at !== b.at ? a.at < b.at : a.sequence < b.sequence;
}
