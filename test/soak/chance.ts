/** Luck of the soak's processes. What they do is recorded, so it need not be repeatable. */

/** A whole number from 0 to `below - 1`. */
export const random = (below: number): number => Math.floor(Math.random() * below);

export const oneOf = <T>(list: readonly T[]): T => list[random(list.length)] as T;

/** True in `percent` of all cases. */
export const sometimes = (percent: number): boolean => random(100) < percent;
