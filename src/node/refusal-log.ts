import type { Millis } from "../base/millis.ts";
import type { LogSink } from "../port/log.ts";

/** Lines for one reason in one window; enough to see who it is, too few to fill a disk. */
const LINES_MAX = 10;
const WINDOW_MS = 10_000;

interface Window {
  readonly since: Millis;
  lines: number;
  unsaid: number;
}

/**
 * Tells of connections that were refused, a bounded number of lines for each reason: whoever can reach a port could
 * else fill the log. What goes unsaid is logged as debug, and counted in `unsaid` of the next line with that reason.
 */
export class RefusalLog {
  readonly #log: LogSink;
  /** By reason: error codes, of which there are few. */
  readonly #windows = new Map<string, Window>();

  constructor(log: LogSink) {
    this.#log = log;
  }

  refused(
    text: string,
    fields: Readonly<Record<string, unknown>> & { readonly code: string },
    now: Millis,
  ): void {
    let window = this.#windows.get(fields.code);
    let unsaid = 0;
    if (window === undefined || now - window.since >= WINDOW_MS) {
      unsaid = window?.unsaid ?? 0;
      window = { since: now, lines: 0, unsaid: 0 };
      this.#windows.set(fields.code, window);
    }
    if (window.lines < LINES_MAX) {
      window.lines++;
      this.#log.write("warn", text, unsaid === 0 ? fields : { ...fields, unsaid });
    } else {
      window.unsaid++;
      this.#log.write("debug", text, fields);
    }
  }
}
