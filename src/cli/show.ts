/** Levels of nesting that are shown; what a cluster answers may be as deep as a term can be. */
const DEPTH_MAX = 32;

/**
 * A term as JSON can hold it: bytes become base64 text, bigints and pids text, Maps lists of pairs, Sets lists,
 * Errors `{ name, message }`, undefined null.
 */
export function toJson(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) return "…";
  if (typeof value === "bigint") return value.toString();
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null) return value;
  const next = (item: unknown): unknown => toJson(item, depth + 1);
  if (Array.isArray(value)) return value.map(next);
  if (value instanceof Uint8Array) return value.toBase64();
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, next);
  if (value instanceof Map) return Array.from(value, ([key, item]) => [next(key), next(item)]);
  if (value instanceof Set) return Array.from(value, next);
  if (value instanceof Error) return { name: value.name, message: value.message };
  if ("toJSON" in value && typeof value.toJSON === "function") return value.toJSON() as unknown;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, next(item)]));
}

/** One line of JSON with its line break, for programs. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(toJson(value))}\n`;
}

/** A term for people: text as it is, everything else as JSON. */
export function showTerm(value: unknown): string {
  if (typeof value === "string") return value;
  const shown = toJson(value);
  return typeof shown === "string"
    ? shown
    : JSON.stringify(shown, undefined, isSmall(shown) ? undefined : 2);
}

function isSmall(value: unknown): boolean {
  return JSON.stringify(value).length <= 80;
}
