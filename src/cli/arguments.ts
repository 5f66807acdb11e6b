import { ConfigError } from "../base/error.ts";
import { nearest } from "../base/edit-distance.ts";

/** An option of a verb. */
export interface Option {
  /** With its dashes: `--json`. */
  readonly name: string;
  /** What stands for its value in the help: `DURATION`; undefined for a switch, which has none. */
  readonly value: string | undefined;
  /** A switch that also takes `=value`. */
  readonly optional?: boolean;
  /** May be given several times; with `greedy` also several values in a row. */
  readonly list?: boolean;
  /** `--no-…` switches it off. */
  readonly negatable?: boolean;
  readonly doc: string;
}

/** What a verb takes. */
export interface Shape {
  readonly options: readonly Option[];
  /** The names of what stands beside the options; a last one that ends in `…` may be repeated, one in `[]` left out. */
  readonly operands: readonly string[];
}

/** A command line taken apart. */
export interface Arguments {
  readonly operands: readonly string[];
  /** Option by name → its values in order; a switch has `"true"` or `"false"`. */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

/** Negative numbers are operands, not options. */
const NUMBER = /^-[0-9.]/;

/**
 * Takes apart what follows the verb. `--name value` and `--name=value`; `--` ends the options.
 * @throws {ConfigError} bad_usage, config_unknown_key
 */
export function parseArguments(argv: readonly string[], shape: Shape): Arguments {
  const options = new Map<string, string[]>();
  const operands: string[] = [];
  // Where nothing else can stand, the files that a shell made of a pattern all belong to the option before them.
  const greedy = shape.operands.length === 0;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === "--") {
      operands.push(...argv.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-" || NUMBER.test(word)) {
      operands.push(word);
      continue;
    }
    const { option, name, value, negated } = lookUp(word, shape);
    const values = options.get(option.name) ?? [];
    options.set(option.name, values);
    if (option.list !== true && values.length > 0)
      throw usage(`${name}: given twice, expected once`);
    if (value !== undefined) {
      values.push(value);
    } else if (option.value === undefined || option.optional === true) {
      const next = argv[at + 1];
      const explicit =
        option.negatable === true && !negated && (next === "true" || next === "false");
      if (explicit) at++;
      values.push(explicit ? (next as string) : negated ? "false" : "true");
    } else {
      const count = valuesAfter(argv, at, option.list === true && greedy);
      if (count === 0) throw usage(`${name}: expected ${option.value}, got nothing`);
      values.push(...argv.slice(at + 1, at + 1 + count));
      at += count;
    }
  }
  checkOperands(operands, shape);
  return { operands, options };
}

function valuesAfter(argv: readonly string[], at: number, many: boolean): number {
  let count = 0;
  for (let next = at + 1; next < argv.length && (many || count === 0); next++) {
    const word = argv[next] as string;
    if (word.startsWith("--") || (word.startsWith("-") && word !== "-" && !NUMBER.test(word)))
      break;
    count++;
  }
  return count;
}

interface LookUp {
  readonly option: Option;
  /** As it was written. */
  readonly name: string;
  readonly value: string | undefined;
  readonly negated: boolean;
}

function lookUp(word: string, shape: Shape): LookUp {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  const plain = shape.options.find((option) => option.name === name);
  if (plain !== undefined) {
    if (value !== undefined && plain.value === undefined && plain.negatable !== true) {
      throw usage(`${name}: expected no value, got ${JSON.stringify(value)}`);
    }
    return { option: plain, name, value, negated: false };
  }
  if (name.startsWith("--no-") && value === undefined) {
    const option = shape.options.find(
      (known) => known.negatable === true && `--no-${known.name.slice(2)}` === name,
    );
    if (option !== undefined) return { option, name, value, negated: true };
  }
  const meant = nearest(
    name,
    shape.options.map((option) => option.name),
  );
  const hint = meant === undefined ? "" : `, nearest is ${meant}`;
  throw new ConfigError("config_unknown_key", `unknown option ${name}${hint}`);
}

function checkOperands(operands: readonly string[], shape: Shape): void {
  const needed = shape.operands.filter((name) => !name.startsWith("[")).length;
  const last = shape.operands.at(-1);
  const max = last?.includes("…") === true ? Infinity : shape.operands.length;
  if (operands.length > max) throw usage(`unexpected argument ${JSON.stringify(operands[max])}`);
  if (operands.length < needed) {
    throw usage(
      `expected ${shape.operands.join(" ")}, got ${operands.length === 0 ? "nothing" : operands.join(" ")}`,
    );
  }
}

/** The complaint about a command line; the process exits with 2. */
export function usage(text: string): ConfigError {
  return new ConfigError("bad_usage", text);
}

/** The one value of an option; undefined when it is not there. */
export function valueOf(args: Arguments, name: string): string | undefined {
  return args.options.get(name)?.at(-1);
}

/** Is a switch on? */
export function isOn(args: Arguments, name: string): boolean {
  const value = valueOf(args, name);
  return value !== undefined && value !== "false";
}

/** An argument for a function: JSON if it parses, else the text itself. */
export function parseTerm(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
