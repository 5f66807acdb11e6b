/** Errors that nobody caught, on a thread that is a user's program and runs a node beside other things. */
import { writeSync } from "node:fs";

const STDERR = 2;

/** Deals with an error, or says with false that it is not its own. */
type Taker = (error: unknown) => boolean;

/** Of the nodes that run on this thread. */
const takers = new Set<Taker>();

/**
 * Asks `taker` first about what nobody caught on this thread. What it does not take goes on as without it: to the program's own
 * listeners, or where it has none as the runtime does it, which prints it, and ends the program at a throw. The result
 * takes this back.
 */
export function takeStrays(taker: Taker): () => void {
  if (takers.size === 0) {
    process.on("uncaughtException", thrown);
    process.on("unhandledRejection", rejected);
  }
  takers.add(taker);
  return () => {
    if (!takers.delete(taker) || takers.size > 0) return;
    process.off("uncaughtException", thrown);
    process.off("unhandledRejection", rejected);
  };
}

function thrown(error: unknown): void {
  if (isTaken(error) || process.listenerCount("uncaughtException") > 1) return;
  print(error);
  process.exit(1);
}

function rejected(error: unknown): void {
  if (isTaken(error) || process.listenerCount("unhandledRejection") > 1) return;
  print(error);
  process.exitCode = 1;
}

const isTaken = (error: unknown): boolean => [...takers].some((taker) => taker(error));

/** At once: the program may end with the next line. */
function print(error: unknown): void {
  writeSync(STDERR, `${Bun.inspect(error, { colors: Bun.enableANSIColors })}\n`);
}
