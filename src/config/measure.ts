/** Durations and sizes: numbers with a unit, as an operator writes them. */
import { OUT_OF_RANGE, PLAIN, WRONG_TYPE, found, quoted, type Kind } from "./kind.ts";

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const UNIT_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

function measured(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  // Nothing is nothing in every unit.
  if (value === 0 || value === "0") return 0;
  if (typeof value !== "string") return undefined;
  const match = /^([0-9]{1,12}(?:\.[0-9]{1,3})?) ?([A-Za-z]+)$/.exec(value);
  const unit = match?.[2] === undefined ? undefined : units[match[2]];
  return unit === undefined ? undefined : Math.round(Number(match?.[1]) * unit);
}

function largestUnit(value: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, size]) => value % size === 0);
  const [unit, size] =
    value === 0
      ? (Object.entries(units)[0] as [string, number])
      : (fitting.at(-1) as [string, number]);
  return `${value / size}${unit}`;
}

/** Milliseconds as an operator writes them: `500ms`, `5s`, `1m`. */
export function formatDuration(ms: number): string {
  return largestUnit(ms, UNIT_MS);
}

/** Bytes as an operator writes them: `64KiB`, `1MiB`. */
export function formatSize(bytes: number): string {
  return largestUnit(bytes, UNIT_BYTES);
}

/** Milliseconds, written with a unit. */
export function duration(min: number, max: number): Kind<number> {
  return {
    ...PLAIN,
    expected: `a duration from ${formatDuration(min)} to ${formatDuration(max)} such as "5s" or "500ms"`,
    parse: (value) => {
      const ms = measured(value, UNIT_MS);
      if (ms === undefined) return WRONG_TYPE;
      return ms < min || ms > max ? OUT_OF_RANGE : found(ms);
    },
    show: (value) => quoted(formatDuration(value)),
  };
}

/** Bytes, written with a unit. */
export function size(min: number, max: number): Kind<number> {
  return {
    ...PLAIN,
    expected: `a size from ${formatSize(min)} to ${formatSize(max)} such as "1MiB" or "64KiB"`,
    parse: (value) => {
      const bytes = measured(value, UNIT_BYTES);
      if (bytes === undefined) return WRONG_TYPE;
      return bytes < min || bytes > max ? OUT_OF_RANGE : found(bytes);
    },
    show: (value) => quoted(formatSize(value)),
  };
}
