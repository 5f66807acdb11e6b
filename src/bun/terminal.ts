import { writeSync } from "node:fs";

/** Columns of a terminal that does not say. */
const COLUMNS = 80;

const STDOUT = 1;
const STDERR = 2;

/** Writes all of it before it returns, so that nothing is lost when the process exits next. */
function write(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const { code } = error as { code?: string };
      // Whoever read this pipe has gone (`| head`): there is nobody to tell.
      if (code === "EPIPE") return;
      // A pipe that is full and does not wait for its reader.
      if (code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
}

/** The streams of this process, as the command line uses them. */
export const terminal = {
  write: (text: string): void => write(STDOUT, text),
  writeError: (text: string): void => write(STDERR, text),
  isTerminal: process.stdout.isTTY === true,
  columns: (): number => process.stdout.columns ?? COLUMNS,
  async readInput(): Promise<Uint8Array | undefined> {
    return process.stdin.isTTY ? undefined : Bun.stdin.bytes();
  },
};

/** Resolves with true after `ms` milliseconds, with false at once when the user presses Ctrl-C. */
export function sleepUnlessInterrupted(ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (slept: boolean): void => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted);
      resolve(slept);
    };
    const interrupted = (): void => done(false);
    const timer = setTimeout(done, ms, true);
    process.on("SIGINT", interrupted);
  });
}
