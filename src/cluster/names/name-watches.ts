import type { Deadlines } from "../../base/deadlines.ts";
import type { Millis } from "../../base/millis.ts";
import { Alarm } from "./name-desk.ts";
import type { NamesOutput } from "./names-io.ts";

/** Milliseconds that the scheduler of a holder may take to say that it lives: after that it is believed to. */
const PROBE_MS = 1_000;

interface Watch {
  /** Claims and names that need to hear of its end. */
  users: number;
  /** Its scheduler has said so. */
  isAlive: boolean;
  /** Questions that its scheduler has not answered. */
  asked: number;
  /** Until when the answer is waited for. */
  alarm: Alarm | undefined;
}

/** The processes of this node whose end matters: those that hold a name or are about to. */
export class NameWatches {
  readonly #watches = new Map<number, Watch>();
  readonly #deadlines: Deadlines;
  readonly #emit: (output: NamesOutput) => void;
  readonly #alive: (local: number, now: Millis) => void;

  /** `alive` is called when a process that was asked about lives, or its scheduler does not say. */
  constructor(
    deadlines: Deadlines,
    emit: (output: NamesOutput) => void,
    alive: (local: number, now: Millis) => void,
  ) {
    this.#deadlines = deadlines;
    this.#emit = emit;
    this.#alive = alive;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** One more needs it. `isAlive`: its scheduler watches it already. */
  hold(local: number, isAlive: boolean): void {
    const watch = this.#watches.get(local);
    if (watch !== undefined) {
      watch.users++;
      watch.isAlive ||= isAlive;
      return;
    }
    this.#watches.set(local, { users: 1, isAlive, asked: isAlive ? 0 : 1, alarm: undefined });
    if (!isAlive) this.#emit({ kind: "watch", local });
  }

  /** One less. */
  drop(local: number): void {
    const watch = this.#watches.get(local);
    if (watch === undefined || --watch.users > 0) return;
    this.#forget(local, watch);
  }

  /** Whether its scheduler said that it lives, and nothing since. */
  isAlive(local: number): boolean {
    return this.#watches.get(local)?.isAlive === true;
  }

  /** Asks again: `alive` or its end follows, and whichever of the two is true when the last question is answered. */
  probe(local: number, now: Millis): void {
    const watch = this.#watches.get(local);
    if (watch === undefined) return;
    watch.asked++;
    this.#emit({ kind: "watch", local });
    if (watch.alarm !== undefined) return;
    watch.alarm = new Alarm((at) => {
      watch.alarm = undefined;
      this.#alive(local, at);
    });
    this.#deadlines.set(watch.alarm, now + PROBE_MS);
  }

  handleAlive(local: number, now: Millis): void {
    const watch = this.#watches.get(local);
    if (watch === undefined) return;
    watch.isAlive = true;
    watch.asked = Math.max(0, watch.asked - 1);
    if (watch.asked > 0) return;
    if (watch.alarm !== undefined) this.#deadlines.clear(watch.alarm);
    watch.alarm = undefined;
    this.#alive(local, now);
  }

  /** It ended: its scheduler has forgotten it. */
  handleEnded(local: number): void {
    const watch = this.#watches.get(local);
    if (watch !== undefined) this.#forget(local, watch);
  }

  #forget(local: number, watch: Watch): void {
    if (watch.alarm !== undefined) this.#deadlines.clear(watch.alarm);
    this.#watches.delete(local);
  }
}
