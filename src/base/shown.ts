/** Characters of a text that an error repeats: enough to find it again in the author's code. */
const TEXT_CHARS_MAX = 40;

/**
 * What an error says it got, in a few words and without looking into it: `undefined`, `"text"`, `5`, `a function f`,
 * `a promise`, `an array`, `an object { name, node }`. Never throws: what it shows was wrong already.
 */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (typeof value === "bigint") return `${cut(String(value))}n`;
  if (typeof value === "function")
    return value.name === "" ? "a function" : `a function ${cut(String(value.name))}`;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return objectText(value);
  } catch {
    return "an object";
  }
}

/** Of a class its name, of a plain object its keys. Throws what a proxy throws. */
function objectText(value: object): string {
  if (Array.isArray(value)) return "an array";
  if (value instanceof Promise) return "a promise";
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || prototype === Object.prototype) {
    const keys = Object.keys(value).join(", ");
    return keys === "" ? "an empty object" : `an object { ${cut(keys)} }`;
  }
  return `an object of ${cut(String(prototype.constructor.name))}`;
}

function cut(text: string): string {
  return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text;
}
