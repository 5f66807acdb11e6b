/**
 * Makes a failing list shorter: parts of it are left out as long as what is left still fails.
 * Source: Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (delta debugging, ddmin).
 */
export interface Shrunk<T> {
  readonly items: readonly T[];
  /** Runs that it took. */
  readonly runs: number;
  /** Nothing more can be left out on its own; false when time was up. */
  readonly isMinimal: boolean;
}

/** `fails` runs with these items only; `hasTime` is asked before each run. */
export async function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean> | boolean,
  hasTime: () => boolean,
): Promise<Shrunk<T>> {
  let kept = items;
  let parts = 2;
  let runs = 0;
  const failing = async (some: readonly T[]): Promise<boolean> => {
    runs++;
    return fails(some);
  };
  if (kept.length > 0) {
    if (!hasTime()) return { items: kept, runs, isMinimal: false };
    if (await failing([])) return { items: [], runs, isMinimal: true };
  }
  while (kept.length > 1) {
    const size = Math.ceil(kept.length / parts);
    let smaller: readonly T[] | undefined;
    for (let start = 0; start < kept.length && smaller === undefined; start += size) {
      if (!hasTime()) return { items: kept, runs, isMinimal: false };
      const rest = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (await failing(rest)) smaller = rest;
    }
    if (smaller !== undefined) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      break;
    } else {
      parts = Math.min(kept.length, parts * 2);
    }
  }
  return { items: kept, runs, isMinimal: true };
}
