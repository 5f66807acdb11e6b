/**
 * What the threads of a node show each other in shared memory: one row of 32-bit integers per thread. Row 0 is the
 * control thread, row n scheduler n.
 */

/** Integers per thread; a row fills a cache line, so that two threads do not fight over one. */
export const VITALS_ROW = 16;

/** Places in a row. The scheduler writes; everybody reads. */
export const Vital = {
  /** Grows with every beat of the thread's 100 ms timer. */
  BEAT: 0,
  /** Upper and lower half of the local id of the process that runs, 0 when none does. */
  RUNNING_HIGH: 1,
  RUNNING_LOW: 2,
  /** Processes alive. */
  PROCESSES: 3,
  /** Processes that wait for their turn. */
  RUN_QUEUE: 4,
  /** Milliseconds by which the newest beat came late. */
  LAG_MS: 5,
} as const;

/** Milliseconds between two beats. */
export const BEAT_MS = 100;

export function makeVitals(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * VITALS_ROW * Int32Array.BYTES_PER_ELEMENT);
}

/** The row of one thread. */
export function vitalsRow(shared: SharedArrayBuffer, thread: number): Int32Array {
  return new Int32Array(shared, thread * VITALS_ROW * Int32Array.BYTES_PER_ELEMENT, VITALS_ROW);
}
