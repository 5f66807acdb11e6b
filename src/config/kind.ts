import { nearest } from "../base/edit-distance.ts";

/**
 * What became of a written value. `range`: of the right type, but not allowed; `nearest`: what was probably meant; `hint`: ends
 * the sentence "expected …, got …".
 */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly range: boolean;
      readonly nearest?: string;
      readonly hint?: string;
    };

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

/** Not the type that the kind has. */
export const WRONG_TYPE = { ok: false, range: false } as const;
/** The right type, but not allowed. */
export const OUT_OF_RANGE = { ok: false, range: true } as const;

/** What was meant. */
export function found<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** What most kinds have in common. */
export const PLAIN = {
  list: false,
  flag: false,
  secret: false,
  unset: undefined,
  read: (text: string): unknown => text,
};

/** As TOML and JSON write it. */
export function quoted(value: unknown): string {
  return JSON.stringify(value);
}

/** A kind that is written as one string. */
export function fromString<T>(
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
      // A copy: the result is frozen, and the caller may go on with its own list.
      return items.length > countMax || items.includes("") ? OUT_OF_RANGE : found([...items]);
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
