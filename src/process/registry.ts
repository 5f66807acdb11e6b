import { ConfigError, MisuseError } from "../base/error.ts";
import { shown } from "../base/shown.ts";
import { NAME_CHARS_MAX } from "../base/limits.ts";
import type { AnyStartable, Context, Definition, MessageOf, Name, ProcessFunction } from "./api.ts";

/** What runs when something is started by name. */
export type StartFunction = (ctx: Context<never>, ...args: never[]) => Promise<unknown>;

/** One thing that can be started by name on this thread. */
export interface RegistryEntry {
  readonly name: string;
  /** 1 unless `define` was told otherwise; shown where nodes differ, never an error. */
  readonly version: number;
  readonly kind: "function" | "server" | "supervisor";
  readonly run: StartFunction;
  /** File and line of the definition, or "" where the stack does not tell. */
  readonly location: string;
}

/** What the modules of one scheduler define, by name. */
export type Definitions = Map<string, RegistryEntry>;

/** Definitions belong to the thread that loaded their module, not to a node: a module is loaded once per thread. */
const ofThread: Definitions = new Map();

/** Those of the scheduler that runs now: the thread's own, except in the simulator, which has many on one thread. */
let current = ofThread;

/** From here on this thread loads and runs for a scheduler with these definitions; undefined: with its own. */
export function useDefinitions(definitions: Definitions | undefined): void {
  current = definitions ?? ofThread;
}

/** The frame of a stack that called the function whose name is given: where an author's definition stands. */
function callerLocation(): string {
  const frames = (new Error().stack ?? "").split("\n");
  for (const frame of frames) {
    const location = /\(?((?:file:|\/)[^()]*:\d+:\d+)\)?$/.exec(frame.trim())?.[1];
    if (
      location !== undefined &&
      !/\/(?:process\/registry|behaviour\/[\w-]+)\.ts:/.test(location)
    ) {
      return location.replace(/:\d+$/, "");
    }
  }
  return "";
}

/**
 * Makes something startable by name: `define`, `defineServer` and `defineSupervisor` end here.
 * @throws {MisuseError} bad_argument: an empty or too long name, a version that is no number
 * @throws {ConfigError} function_defined_twice, naming both places
 */
export function registerEntry(entry: Omit<RegistryEntry, "location">): void {
  const { name } = entry;
  if (typeof name !== "string" || name.length === 0 || name.length > NAME_CHARS_MAX) {
    throw new MisuseError(
      "bad_argument",
      `a function's name has 1 to ${NAME_CHARS_MAX} characters, got ${shown(name)}`,
    );
  }
  const { version } = entry;
  if (typeof version !== "number" || !Number.isFinite(version)) {
    const got = JSON.stringify(version) ?? String(version);
    throw new MisuseError("bad_argument", `the version of "${name}" is a number, got ${got}`);
  }
  const location = callerLocation();
  const before = current.get(name);
  if (before !== undefined && before.location !== location) {
    throw new ConfigError(
      "function_defined_twice",
      `"${name}" is defined twice: ${before.location} and ${location}`,
    );
  }
  current.set(name, { ...entry, location });
}

/** The definitions of the scheduler that runs or loads now. */
export const currentDefinitions = (): Definitions => current;

/** What is started under this name on a scheduler with these definitions, if anything. */
export const lookup = (
  name: string,
  definitions: Definitions = current,
): RegistryEntry | undefined => definitions.get(name) ?? ofThread.get(name);

/** All that the modules of this scheduler define, in the order of definition. */
export const listEntries = (definitions: Definitions = current): readonly RegistryEntry[] => [
  ...definitions.values(),
];

/** Forgets a definition: for tests that define under a name of their own. */
export const forget = (name: string): boolean => current.delete(name);

/**
 * Gives an async function a name, so that it can be spawned on another scheduler and from another node.
 * `version` (default 1) is shown where nodes differ.
 * @throws {ConfigError} function_defined_twice
 */
export function define<const N extends string, M, A extends readonly unknown[], R>(
  name: N,
  fn: ProcessFunction<M, A, R>,
  options?: { readonly version?: number },
): Definition<N, A, M, R> {
  if (typeof fn !== "function") {
    const forgot = typeof name === "function" ? ": the first argument is the function's name" : "";
    const text = `define(name, fn) wants a name and an async function, got ${shown(name)} and ${shown(fn)}${forgot}`;
    throw new MisuseError("bad_argument", text);
  }
  const run = fn as unknown as StartFunction;
  registerEntry({ name, version: options?.version ?? 1, kind: "function", run });
  const callable = Object.hasOwn(fn, "functionName")
    ? (ctx: Context<M>, ...args: A): Promise<R> => fn(ctx, ...args)
    : fn;
  return Object.assign(callable, { functionName: name }) as unknown as Definition<N, A, M, R>;
}

class RegisteredName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A name with the messages of what is registered under it: of a definition, or as a type argument. */
export function named<D extends AnyStartable>(start: D, name: string): Name<MessageOf<D>>;
export function named<M>(name: string): Name<M>;
export function named(start: AnyStartable | string, name?: string): Name<never> {
  const text = typeof start === "string" ? start : (name ?? "");
  return new RegisteredName(text) as unknown as Name<never>;
}

/** The text of a name given either way. @throws {MisuseError} bad_argument */
export function nameText(name: string | { readonly name: string }): string {
  const text = typeof name === "string" ? name : (name as { readonly name: string } | null)?.name;
  if (typeof text !== "string" || text.length === 0 || text.length > NAME_CHARS_MAX) {
    throw new MisuseError(
      "bad_argument",
      `a name has 1 to ${NAME_CHARS_MAX} characters, got ${shown(name)}`,
    );
  }
  return text;
}
