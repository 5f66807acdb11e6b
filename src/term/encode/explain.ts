import { EncodeError } from "../../base/error.ts";
import { TERM_BIGINT_BYTES_MAX, TERM_DEPTH_MAX } from "../../base/limits.ts";
import { errorFields } from "../error-fields.ts";
import { Pid } from "../pid.ts";
import { Ref } from "../ref.ts";
import { structOf } from "../struct.ts";
import { typedByPrototype } from "../typed-kinds.ts";

/** The objects that the walk is in, with their paths, and how many levels of a term they make. */
interface Above {
  readonly paths: Map<object, string>;
  depth: number;
}

/** Levels of an error: itself, and the object of its fields or the array around its cause. */
const ERROR_LEVELS = 2;

/** What was found: the rest of the walk is not needed. */
type Found = EncodeError | undefined;

/**
 * Finds what in a value cannot be sent and says where. Called after encoding has failed, so that encoding itself need not
 * remember where it is.
 *
 * @param root what the path begins with, e.g. `message`
 * @param cause what the encoder caught, if it was thrown by code that is not ours
 */
export function explain(value: unknown, root: string, cause?: unknown): EncodeError {
  const found = walk(value, root, { paths: new Map(), depth: 0 });
  if (found !== undefined) return found;
  const text = cause === undefined ? "changed while it was encoded" : "a getter or codec failed";
  return new EncodeError("not_encodable", root, text, { cause });
}

function walk(value: unknown, path: string, above: Above): Found {
  switch (typeof value) {
    case "function":
      return new EncodeError("not_encodable", path, "functions cannot be sent");
    case "symbol":
      return new EncodeError("not_encodable", path, "symbols cannot be sent");
    case "bigint":
      return value.toString(16).length / 2 > TERM_BIGINT_BYTES_MAX
        ? new EncodeError(
            "too_large",
            path,
            `bigint is over the limit of ${TERM_BIGINT_BYTES_MAX} bytes`,
          )
        : undefined;
    case "object":
      return value === null ? undefined : walkObject(value, path, above);
    default:
      return undefined;
  }
}

function walkObject(value: object, path: string, above: Above): Found {
  const same = above.paths.get(value);
  if (same !== undefined)
    return new EncodeError("cyclic", path, `is ${same} again, a cycle cannot be sent`);
  return attempt(path, () => walkUnder(value, path, above));
}

function walkUnder(value: object, path: string, above: Above): Found {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (isLeaf(value, prototype)) {
    const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
    return buffer instanceof ArrayBuffer && buffer.detached
      ? new EncodeError("not_encodable", path, "its memory has been given away")
      : undefined;
  }
  const levels =
    value instanceof Error && structOf(prototype ?? value) === undefined ? ERROR_LEVELS : 1;
  if (above.depth + levels > TERM_DEPTH_MAX) {
    return new EncodeError(
      "too_deep",
      path,
      `nested deeper than the limit of ${TERM_DEPTH_MAX} levels`,
    );
  }
  above.paths.set(value, path);
  above.depth += levels;
  const found = walkContents(value, prototype, path, above);
  above.depth -= levels;
  above.paths.delete(value);
  return found;
}

/** What can only be looked at by running code that is not ours may throw: a proxy, the fields of an error. */
function attempt(path: string, look: () => Found): Found {
  try {
    return look();
  } catch (error) {
    return new EncodeError("not_encodable", path, "looking at it failed", { cause: error });
  }
}

function isLeaf(value: object, prototype: object | null): boolean {
  return (
    value instanceof Pid ||
    value instanceof Ref ||
    (value instanceof Date && prototype === Date.prototype) ||
    value instanceof ArrayBuffer ||
    (ArrayBuffer.isView(value) &&
      prototype !== null &&
      (typedByPrototype.has(prototype) || prototype === Buffer.prototype))
  );
}

function walkContents(value: object, prototype: object | null, path: string, above: Above): Found {
  if (prototype === Object.prototype || prototype === null) return walkFields(value, path, above);
  const entry = structOf(prototype);
  if (entry !== undefined) {
    let payload: unknown;
    try {
      payload = entry.codec.encode(value);
    } catch (error) {
      return new EncodeError("struct_failed", path, `the codec of struct ${entry.name} failed`, {
        cause: error,
      });
    }
    return walk(payload, `${path}.<${entry.name}>`, above);
  }
  if (Array.isArray(value) && prototype === Array.prototype) {
    return first(value, (item, index) => walk(item, `${path}[${index}]`, above));
  }
  if (value instanceof Map && prototype === Map.prototype) {
    return first(
      [...value],
      ([key, item], index) =>
        walk(key, `${path}.<key ${index}>`, above) ?? walk(item, `${path}.<value ${index}>`, above),
    );
  }
  if (value instanceof Set && prototype === Set.prototype) {
    return first([...value], (item, index) => walk(item, `${path}.<element ${index}>`, above));
  }
  if (value instanceof Error) {
    return (
      first(["name", "message", "stack"] as const, (key) => textOf(value, key, path)) ??
      walkFields(errorFields(value), path, above) ??
      walk(value.cause, `${path}.cause`, above)
    );
  }
  return new EncodeError("not_encodable", path, refusal(value, prototype));
}

/** A getter of an error's own, or a symbol, is no text. */
function textOf(error: Error, key: "name" | "message" | "stack", path: string): Found {
  return attempt(`${path}.${key}`, () => void String(error[key]));
}

function walkFields(value: object, path: string, above: Above): Found {
  return first(Object.keys(value), (key) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    let item: unknown;
    try {
      item = (value as Record<string, unknown>)[key];
    } catch (error) {
      return new EncodeError("not_encodable", path + name, "its getter failed", { cause: error });
    }
    return walk(item, path + name, above);
  });
}

function first<T>(items: readonly T[], check: (item: T, index: number) => Found): Found {
  for (let i = 0; i < items.length; i++) {
    const found = check(items[i]!, i);
    if (found !== undefined) return found;
  }
  return undefined;
}

function refusal(value: object, prototype: object): string {
  if (value instanceof Promise) return "promises cannot be sent";
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef) {
    return `${value.constructor.name} objects cannot be sent`;
  }
  const maker: unknown = (prototype as { constructor?: unknown }).constructor;
  const name = typeof maker === "function" && maker.name !== "" ? maker.name : "an unnamed class";
  return `instances of ${name} cannot be sent, register the class with struct()`;
}
