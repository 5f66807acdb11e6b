import { nearest } from "../base/edit-distance.ts";
import {
  formatHostPort,
  parseHostPort,
  parseNodeName,
  type HostPort,
  type NodeAddress,
} from "./node-name.ts";

/** What became of a written value. `range`: of the right type, but not allowed; `nearest`: what was probably meant. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly range: boolean; readonly nearest?: string };

/** One kind of value of the configuration: how it is written, parsed and shown. */
export interface Kind<T> {
  /** Ends the sentence "expected …". */
  readonly expected: string;
  /** May be given several times on the command line and as a comma-separated list in the environment. */
  readonly list: boolean;
  /** Needs no value on the command line. */
  readonly flag: boolean;
  /** Never shown. */
  readonly secret: boolean;
  /** How a value that is not set is shown; undefined where nothing stands for it. */
  readonly unset: string | undefined;
  /** From the type that TOML gives it. */
  parse(value: unknown): Parsed<T>;
  /** From the text of an option or an environment variable to the type that TOML would give it. */
  read(text: string): unknown;
  /** As it would be written in TOML. */
  show(value: T): string;
}

/** The two ends of a range of ports, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What runs when the node is up. */
export interface StartEntry {
  readonly function: string;
  readonly args: readonly unknown[];
}

const WRONG_TYPE = { ok: false, range: false } as const;
const OUT_OF_RANGE = { ok: false, range: true } as const;

function found<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

const PLAIN = {
  list: false,
  flag: false,
  secret: false,
  unset: undefined,
  read: (text: string): unknown => text,
};

function quoted(value: unknown): string {
  return JSON.stringify(value);
}

function fromString<T>(
  expected: string,
  parse: (text: string) => Parsed<T>,
  show: (value: T) => string,
): Kind<T> {
  return {
    ...PLAIN,
    expected,
    parse: (value) => (typeof value === "string" ? parse(value) : WRONG_TYPE),
    show,
  };
}

/** Some text, not empty. */
export function text(expected: string): Kind<string> {
  return fromString(expected, (value) => (value === "" ? OUT_OF_RANGE : found(value)), quoted);
}

/** Text that is never shown. */
export function secret(expected: string): Kind<string> {
  return {
    ...text(expected),
    secret: true,
    show: (value) => `(hidden, ${value.length} characters)`,
  };
}

/** One text or a list of up to `countMax`. */
export function texts(expected: string, countMax: number): Kind<readonly string[]> {
  return {
    ...PLAIN,
    expected,
    list: true,
    read: (value) => value,
    parse: (value) => {
      const items: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (!items.every((item) => typeof item === "string")) return WRONG_TYPE;
      return items.length > countMax || items.includes("") ? OUT_OF_RANGE : found(items);
    },
    show: (value) => quoted(value),
  };
}

/** `true` or `false`. */
export function boolean(): Kind<boolean> {
  return {
    ...PLAIN,
    expected: "true or false",
    flag: true,
    read: (value) => (value === "true" ? true : value === "false" ? false : value),
    parse: (value) => (typeof value === "boolean" ? found(value) : WRONG_TYPE),
    show: String,
  };
}

/** A whole number, both ends included. */
export function integer(min: number, max: number): Kind<number> {
  return {
    ...PLAIN,
    expected: `a whole number from ${min} to ${max}`,
    read: (value) => (/^-?[0-9]{1,15}$/.test(value) ? Number(value) : value),
    parse: (value) => {
      if (typeof value !== "number" || !Number.isSafeInteger(value)) return WRONG_TYPE;
      return value < min || value > max ? OUT_OF_RANGE : found(value);
    },
    show: String,
  };
}

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

/** `inner`, or the word `word`, which stands for undefined. */
export function orWord<T>(word: string, inner: Kind<T>): Kind<T | undefined> {
  return {
    ...inner,
    expected: `${inner.expected}, or ${quoted(word)}`,
    parse: (value) => (value === word ? found(undefined) : inner.parse(value)),
    unset: quoted(word),
    show: (value) => (value === undefined ? quoted(word) : inner.show(value)),
  };
}

/** One of a few words. */
export function choice<const T extends string>(...choices: readonly T[]): Kind<T> {
  const words = choices.map(quoted);
  const expected = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return fromString(
    expected,
    (value) => {
      const match = choices.find((word) => word === value);
      if (match !== undefined) return found(match);
      const meant = nearest(value, choices);
      return meant === undefined ? OUT_OF_RANGE : { ...OUT_OF_RANGE, nearest: meant };
    },
    quoted,
  );
}

/** How many schedulers, or the calling thread alone. */
export function schedulers(max: number): Kind<number | "inline"> {
  const count = integer(1, max);
  return {
    ...count,
    expected: `${count.expected}, or "inline"`,
    parse: (value) => (value === "inline" ? found(value) : count.parse(value)),
    show: (value) => (value === "inline" ? quoted(value) : String(value)),
  };
}

/** `name@host` or `name@host:port`. */
export function nodeName(): Kind<NodeAddress> {
  return fromString("name@host or name@host:port", parsedNodeName, (value) =>
    quoted(formatNodeName(value)),
  );
}

function parsedNodeName(value: string): Parsed<NodeAddress> {
  const name = parseNodeName(value);
  return name === undefined ? OUT_OF_RANGE : found(name);
}

/** A node's name with its hint, as it is written. */
export function formatNodeName(address: NodeAddress): string {
  return address.port === undefined ? address.name : `${address.name}:${address.port}`;
}

/** A list of nodes to dial: each with a port that can be dialled, or none. */
export function nodeNames(): Kind<readonly NodeAddress[]> {
  const inner = texts("a list of name@host or name@host:port", 1_024);
  return {
    ...inner,
    parse: (value) => {
      const items = inner.parse(value);
      if (!items.ok) return items;
      const names = items.value.map(parseNodeName);
      return names.every((name) => name !== undefined && name.port !== 0)
        ? found(names.filter((name) => name !== undefined))
        : OUT_OF_RANGE;
    },
    show: (value) => quoted(value.map(formatNodeName)),
  };
}

/** A host, with or without a port; with `portNeeded` only with one. */
export function hostPort(portNeeded: boolean): Kind<HostPort> {
  return fromString(
    portNeeded ? 'host:port such as "127.0.0.1:9369"' : "a host or host:port",
    (value) => {
      const place = parseHostPort(value);
      return place === undefined || (portNeeded && place.port === undefined)
        ? OUT_OF_RANGE
        : found(place);
    },
    (value) =>
      quoted(value.port === undefined ? value.host : formatHostPort(value.host, value.port)),
  );
}

/** A host without a port. */
export function host(): Kind<string> {
  return fromString(
    "an IP address or a host name without a port",
    (value) => {
      const place = parseHostPort(
        value.includes(":") && !value.startsWith("[") ? `[${value}]` : value,
      );
      return place === undefined || place.port !== undefined ? OUT_OF_RANGE : found(place.host);
    },
    quoted,
  );
}

/** `first-last`, both included. */
export function portRange(): Kind<PortRange> {
  return fromString(
    'a range of ports such as "4400-4410"',
    (value) => {
      const match = /^([0-9]{1,5})-([0-9]{1,5})$/.exec(value);
      const first = Number(match?.[1]);
      const last = Number(match?.[2]);
      return match !== null && first >= 1 && last <= 65_535 && first <= last
        ? found({ first, last })
        : OUT_OF_RANGE;
    },
    (value) => quoted(`${value.first}-${value.last}`),
  );
}

const START_TEXT = /^([^\s[]+)(?:\s+(\[[\s\S]*\]))?$/;

/** `[[start]]` tables; on the command line `function` or `function [1, "two"]`, its arguments being JSON. */
export function startEntries(countMax: number): Kind<readonly StartEntry[]> {
  return {
    ...PLAIN,
    list: true,
    expected:
      'a function name with args, such as function = "app" and args = [1], or on the command line "app [1]"',
    parse: (value) => {
      if (!Array.isArray(value)) return WRONG_TYPE;
      const entries = value.map(startEntry);
      if (entries.length > countMax) return OUT_OF_RANGE;
      return entries.every((entry) => entry !== undefined)
        ? found(entries.filter((entry) => entry !== undefined))
        : WRONG_TYPE;
    },
    show: quoted,
  };
}

function startEntry(value: unknown): StartEntry | undefined {
  if (typeof value === "string") {
    const match = START_TEXT.exec(value);
    const args = match?.[2] === undefined ? [] : parseJson(match[2]);
    return match?.[1] === undefined || !Array.isArray(args)
      ? undefined
      : { function: match[1], args };
  }
  if (typeof value !== "object" || value === null || !("function" in value)) return undefined;
  const args = "args" in value ? value.args : [];
  const ok =
    typeof value.function === "string" &&
    value.function !== "" &&
    Array.isArray(args) &&
    args.every(isPlain);
  return ok ? { function: value.function as string, args: args as readonly unknown[] } : undefined;
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

/** What TOML and JSON have in common; TOML's dates are not something a process could be sent. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== "object") return true;
  if (value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain)
  );
}
