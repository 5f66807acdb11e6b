/**
 * Why a process ended. A value, with Erlang's names: `"normal"`, `"shutdown"`, `{ shutdown: … }`, `"kill"`, `"killed"`,
 * `"noproc"`, `"noconnection"`, `"undef"`, anything that can be sent, or the `Error` that the function threw.
 */
export type ExitReason = unknown;

/**
 * What a process's waits reject with when it ends, so that its `finally` blocks run. Nobody needs to catch it; who
 * does keeps nothing alive: the next wait never settles.
 */
export class ProcessExit extends Error {
  override readonly name = "ProcessExit";
  readonly reason: ExitReason;

  constructor(reason: ExitReason) {
    super(`process exits: ${reasonText(reason)}`);
    this.reason = reason;
  }
}

/**
 * What a process is told of another one's end. In strict mode (`copy`) what it would be told from far away: a class that does not
 * travel is gone from the reason, and one that cannot be sent is text.
 */
export function toldReason(
  copy: ((message: unknown) => unknown) | undefined,
  reason: ExitReason,
): ExitReason {
  if (copy === undefined) return reason;
  try {
    return copy(reason);
  } catch {
    return reasonText(reason);
  }
}

/** Whether a process that ends with this reason was told to end, or was done. Source: OTP proc_lib, crash reports. */
export const isOrderly = (reason: ExitReason): boolean =>
  reason === "normal" ||
  reason === "shutdown" ||
  (typeof reason === "object" && reason !== null && Object.hasOwn(reason, "shutdown"));

/** Characters of a reason in a log line or an error message. */
const REASON_CHARS_MAX = 200;

/** A reason in one line, for logs and error messages. A large one costs no more than what is shown of it. */
export function reasonText(reason: ExitReason): string {
  if (typeof reason === "string") return reason.slice(0, REASON_CHARS_MAX);
  return valueText(reason, REASON_CHARS_MAX, 0).slice(0, REASON_CHARS_MAX);
}

/** JSON for plain values, `Kind(size)` for the others; stops soon after `charsMax`. */
function valueText(value: unknown, charsMax: number, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, charsMax));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message.slice(0, charsMax)}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (depth > 4) return "…";
  const isList = Array.isArray(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!isList && prototype !== Object.prototype && prototype !== null) return kindText(value);
  let text = isList ? "[" : "{";
  for (const key in value) {
    if (text.length > charsMax) break;
    if (text.length > 1) text += ",";
    const item = valueText((value as Record<string, unknown>)[key], charsMax, depth + 1);
    text += isList ? item : `${JSON.stringify(key)}:${item}`;
  }
  return text + (isList ? "]" : "}");
}

/** A pid, a date and the like say what they are; what has no text of its own is named. */
function kindText(value: object): string {
  try {
    // oxlint-disable-next-line typescript/no-base-to-string -- what has no text of its own shows by its beginning
    const text = String(value);
    if (!text.startsWith("[object")) return text;
  } catch {
    // A text of its own that throws: the kind must do.
  }
  return value.constructor?.name ?? "object";
}
