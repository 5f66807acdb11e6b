/** One line of a benchmark's result. */
export interface Row {
  /** `suite.what`, for instance `node.start_ms`. */
  readonly name: string;
  readonly value: number;
  /** `ms`, `us`, `/s`, `MB`, `bytes`. */
  readonly unit: string;
  /** Which peer was measured beside us, for instance `erl`. */
  readonly baseline?: string;
  readonly baselineValue?: number;
  /** How many times better than the baseline we are: above 1 is good, for times as for rates. */
  readonly ratio?: number;
  /** What the numbers do not say: that a peer did not get there, or did less. */
  readonly note?: string;
}

/** What a suite hands its rows to, as soon as it has them. */
export type Report = (row: Row) => void;

/** Whether a row was asked for, by its name or what it begins with; a suite may leave out what nobody wants. */
export type Wanted = (name: string) => boolean;

/** What every file bench/<suite>.ts exports. */
export interface Suite {
  run(report: Report, wanted: Wanted): Promise<void>;
}

/** A row beside a peer's. `better` says whether a higher or a lower value is the better one. */
export function compare(
  name: string,
  unit: string,
  ours: number,
  baseline: string,
  theirs: number,
  better: "higher" | "lower",
): Row {
  const ratio = better === "higher" ? ours / theirs : theirs / ours;
  return { name, value: ours, unit, baseline, baselineValue: theirs, ratio };
}

/** The middle of the values; of an even number of them the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("median of no values");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
}
