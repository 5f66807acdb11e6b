/** What a node runs when it is up: `[[start]]`, or `--start` with arguments as JSON. */
import { OUT_OF_RANGE, PLAIN, WRONG_TYPE, found, quoted, type Kind } from "./kind.ts";

/** What runs when the node is up. */
export interface StartEntry {
  readonly function: string;
  readonly args: readonly unknown[];
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
