import type { Pid } from "../../term/pid.ts";

/** Slots of one table: most lanes carry fewer conversations at a time than that. */
const SLOTS = 255;

/** The slot that means no pid: a message of a node's own program. */
export const NO_PID_SLOT = 255;

/**
 * The pids that messages of a lane name most, by a number of one byte. Sender and receiver keep the same table: what
 * is in a slot is said by `FROM_SLOT` and `TO_SLOT` entries, which stand on the lane like its dictionary. One table for
 * senders and one for receivers, so that the two pids of a message never fight for a slot.
 */
export class PidSlots {
  readonly #pids: (Pid | undefined)[] = new Array<Pid | undefined>(SLOTS).fill(undefined);

  /** Where this pid belongs. */
  slotOf(pid: Pid): number {
    const low = pid.local & 0xff;
    return low === NO_PID_SLOT ? SLOTS - 1 : low;
  }

  at(slot: number): Pid | undefined {
    return this.#pids[slot];
  }

  set(slot: number, pid: Pid): void {
    this.#pids[slot] = pid;
  }
}
