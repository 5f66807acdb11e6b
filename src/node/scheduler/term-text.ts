import { Pid } from "../../term/pid.ts";
import { Ref } from "../../term/ref.ts";

/** Levels of nesting that are shown. */
const DEPTH_MAX = 6;

/** Entries of one collection, or keys of one object, that are shown. */
const ENTRIES_MAX = 50;

/** Characters of one string that are shown. */
const STRING_CHARS_MAX = 200;

/**
 * A value in words for people, in the manner of source text. It runs none of the author's code but getters, and costs no
 * more than what is shown, however large the value is; what is left out is said: `Map(1,000,000) { "a" → 1, … }`.
 */
export function termText(value: unknown, charsMax: number): string {
  const printer = new Printer(charsMax);
  printer.print(value, 0);
  return printer.text;
}

class Printer {
  readonly #charsMax: number;
  readonly #above: object[] = [];
  text = "";

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  print(value: unknown, depth: number): void {
    if (this.text.length >= this.#charsMax) return;
    if (typeof value === "string") return this.#string(value);
    if (typeof value === "bigint") return this.#add(`${value}n`);
    if (typeof value === "function") return this.#add(`[function ${value.name || "anonymous"}]`);
    if (typeof value !== "object" || value === null) return this.#add(String(value));
    if (this.#above.includes(value)) return this.#add("[contains itself]");
    this.#above.push(value);
    try {
      this.#object(value, depth);
    } catch {
      // A proxy may throw whatever is asked of it.
      this.#add("[fails when it is looked at]");
    }
    this.#above.pop();
  }

  #object(value: object, depth: number): void {
    const whole = wholeText(value);
    if (whole !== undefined) this.#add(whole);
    else if (depth >= DEPTH_MAX) this.#add("…");
    else this.#collection(value, depth + 1);
  }

  #add(text: string): void {
    this.text += text;
    if (this.text.length > this.#charsMax) this.text = `${this.text.slice(0, this.#charsMax)}…`;
  }

  #string(value: string): void {
    const shown = JSON.stringify(value.slice(0, STRING_CHARS_MAX));
    const rest = value.length - STRING_CHARS_MAX;
    this.#add(rest > 0 ? `${shown}… (${rest} more)` : shown);
  }

  #collection(value: object, depth: number): void {
    if (Array.isArray(value)) return this.#list("[", value, value.length, "]", depth);
    if (value instanceof Set)
      return this.#list(`Set(${value.size}) {`, value, value.size, "}", depth);
    const isMap = value instanceof Map;
    const entries: Iterable<[unknown, unknown]> = isMap ? value : fieldsOf(value);
    const name = (value.constructor as { readonly name?: string } | undefined)?.name ?? "";
    this.#add(
      isMap ? `Map(${value.size}) {` : name === "Object" || name === "" ? "{" : `${name} {`,
    );
    let count = 0;
    for (const [key, item] of entries) {
      if (!this.#goesOn(count++)) break;
      this.#add(count > 1 ? ", " : " ");
      if (isMap) this.print(key, depth);
      else this.#add(String(key));
      this.#add(isMap ? " → " : ": ");
      this.print(item, depth);
    }
    this.#add(count > 0 ? " }" : "}");
  }

  #list(
    open: string,
    items: Iterable<unknown>,
    length: number,
    close: string,
    depth: number,
  ): void {
    this.#add(open);
    let count = 0;
    for (const item of items) {
      if (!this.#goesOn(count++)) break;
      if (count > 1) this.#add(", ");
      this.print(item, depth);
    }
    this.#add(count > ENTRIES_MAX ? ` (${length} in all)${close}` : close);
  }

  /** Says so where it does not. */
  #goesOn(count: number): boolean {
    if (this.text.length >= this.#charsMax) return false;
    if (count >= ENTRIES_MAX) this.#add(", …");
    return count < ENTRIES_MAX;
  }
}

/** Values that are shown as one word: pids, dates, bytes, errors. */
function wholeText(value: object): string | undefined {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Date(?)" : value.toISOString();
  if (value instanceof Promise) return "[promise]";
  const hasText = value instanceof RegExp || value instanceof Pid || value instanceof Ref;
  return hasText ? String(value) : undefined;
}

function* fieldsOf(value: object): Generator<[string, unknown]> {
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    let field: unknown;
    try {
      field = (value as Record<string, unknown>)[key];
    } catch {
      field = "[a getter that throws]";
    }
    yield [key, field];
  }
}
