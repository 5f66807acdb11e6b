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

/** Reasons that a linked process survives unless it traps exits, and that leave no crash report: only `"normal"`. */
export const isNormal = (reason: ExitReason): boolean => reason === "normal";

/** Whether a process that ends with this reason was told to end, or was done. Source: OTP proc_lib, crash reports. */
export const isOrderly = (reason: ExitReason): boolean =>
  reason === "normal" ||
  reason === "shutdown" ||
  (typeof reason === "object" && reason !== null && Object.hasOwn(reason, "shutdown"));

/** A reason in one line, for logs and error messages; at most 200 characters. */
export function reasonText(reason: ExitReason): string {
  if (typeof reason === "string") return reason.slice(0, 200);
  if (reason instanceof Error) return `${reason.name}: ${reason.message}`.slice(0, 200);
  let text: string | undefined;
  try {
    text = JSON.stringify(reason, (_, value) =>
      typeof value === "bigint" ? String(value) : (value as unknown),
    );
  } catch {
    // Cyclic, or a toJSON that throws: what kind of value it is must do.
  }
  return (text ?? typeof reason).slice(0, 200);
}
