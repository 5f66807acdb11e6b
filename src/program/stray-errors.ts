import { AssertionError } from "../base/assert.ts";
import type { LogSink } from "../port/log.ts";

/** The exit code of a node whose own code broke a promise that it makes itself; "internal software error" in sysexits.h. */
export const EXIT_BROKEN = 70;

/**
 * What becomes of an error that nobody caught on the control thread. The node goes on, unless a condition of its own code does
 * not hold: nobody can say what else is wrong then, and a node that starts anew is known to be whole.
 */
export function strayHandler(log: LogSink, stop: (code: number) => void): (error: unknown) => void {
  return (error) => {
    if (error instanceof AssertionError) {
      log.write("error", "the node stops: a condition of its own code does not hold", { error });
      stop(EXIT_BROKEN);
      return;
    }
    log.write("error", "an error that nobody caught", { error });
  };
}
