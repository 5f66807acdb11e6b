import { MisuseError } from "../base/error.ts";
import { NAME_CHARS_MAX } from "../base/limits.ts";

/** How a class is sent: its fields out, and an instance in. `F` is anything that can be sent. */
export interface StructCodec<T, F> {
  /** Version of the fields that `encode` returns, 1 … 2^31 − 1; 1 if left out. */
  readonly version?: number;
  encode(value: T): F;
  /** Makes the instance from fields of the present version. A throw makes the message undecodable. */
  decode(fields: NoInfer<F>): T;
  /** Turns fields of an older version into those of the present one; without it older ones are undecodable. */
  upgrade?(fields: unknown, from: number): NoInfer<F>;
}

/** A registered class. */
export interface StructEntry {
  readonly name: string;
  readonly type: abstract new (...args: never[]) => object;
  readonly version: number;
  readonly codec: StructCodec<object, unknown>;
}

/** The classes that the modules of one scheduler register. */
export class Structs {
  readonly byPrototype = new Map<object, StructEntry>();
  readonly byName = new Map<string, StructEntry>();
}

const ofThread = new Structs();

/** Those of the scheduler that runs now: the thread's own, except in the simulator, which has many on one thread. */
let current = ofThread;

/** From here on this thread loads and runs for a scheduler with these classes; undefined: with its own. */
export function useStructs(structs: Structs | undefined): void {
  current = structs ?? ofThread;
}

/**
 * Makes instances of a class sendable, on this thread. Every thread and node that sends or receives them does the same
 * under the same name. Instances of subclasses are classes of their own.
 *
 * @throws {MisuseError} `name_taken`, `already_registered` or `bad_argument`
 */
export function struct<T extends object, F>(
  name: string,
  type: abstract new (...args: never[]) => T,
  codec: StructCodec<T, F>,
): void {
  const version = codec.version ?? 1;
  if (name.length === 0 || name.length > NAME_CHARS_MAX) {
    throw new MisuseError("bad_argument", `a struct's name has 1 to ${NAME_CHARS_MAX} characters`);
  }
  if (!Number.isInteger(version) || version < 1 || version > 0x7fff_ffff) {
    throw new MisuseError("bad_argument", `version of struct ${name}: expected a positive integer`);
  }
  const { byName, byPrototype } = current;
  const known = byName.get(name);
  if (known !== undefined && known.type !== type) {
    throw new MisuseError("name_taken", `struct ${name} is registered for another class`);
  }
  const other = byPrototype.get(type.prototype as object);
  if (other !== undefined && other.name !== name) {
    throw new MisuseError("already_registered", `this class is registered as struct ${other.name}`);
  }
  const entry: StructEntry = {
    name,
    type,
    version,
    codec: codec as unknown as StructCodec<object, unknown>,
  };
  byName.set(name, entry);
  byPrototype.set(type.prototype as object, entry);
}

/** The registration of the class whose prototype that is. */
export function structOf(prototype: object): StructEntry | undefined {
  const own = current.byPrototype.get(prototype);
  return own !== undefined || current === ofThread ? own : ofThread.byPrototype.get(prototype);
}

/** The registration under that name. */
export function structNamed(name: string): StructEntry | undefined {
  return current.byName.get(name) ?? ofThread.byName.get(name);
}

/** Builds the instance from a payload of some version. Throws what the codec throws, or an Error that says what is missing. */
export function buildStruct(name: string, version: number, payload: unknown): object {
  const entry = structNamed(name);
  if (entry === undefined) throw new Error(`unknown struct ${name}`);
  const { codec } = entry;
  if (version === entry.version) return codec.decode(payload);
  if (version > entry.version || codec.upgrade === undefined) {
    throw new Error(`struct ${name}: got version ${version}, expected ${entry.version}`);
  }
  return codec.decode(codec.upgrade(payload, version));
}
