import { join, resolve } from "node:path";

import { build } from "../../../scripts/build.ts";
import { Lines } from "./lines.ts";

/** The project's own folder. */
export const PROJECT = resolve(import.meta.dir, "../../..");
/** The executable under test, as `npm run build` leaves it. */
export const BINARY = join(PROJECT, "dist/snow-node");

/** Builds the executable if there is none or one of its sources is younger; returns its path. */
export const buildIfNeeded = (): Promise<string> => build({ force: false });

export interface ProgramOptions {
  /** Working directory. */
  readonly cwd: string;
  /** The home folder that the program sees; no file of the user who runs the tests leaks in. */
  readonly home: string;
  /** Variables beside PATH, HOME and TMPDIR, which are all that is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Goes before the command, as the `within` of a host of its own does. */
  readonly within?: readonly string[];
}

/** A program that was started here and does not outlive this process, however this process ends. */
export class Program implements AsyncDisposable {
  readonly lines: Lines;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;

  constructor(command: readonly string[], options: ProgramOptions) {
    const { PATH = "", TMPDIR = "/tmp" } = process.env;
    this.#child = Bun.spawn([...(options.within ?? []), ...command], {
      cwd: options.cwd,
      // The flag makes the kernel kill the child when this process dies, even of SIGKILL.
      env: { PATH, TMPDIR, HOME: options.home, BUN_FEATURE_FLAG_NO_ORPHANS: "1", ...options.env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.lines = new Lines(this.#child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends a signal; nothing happens if the program is gone. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Types a line on the program's standard input. */
  async type(line: string): Promise<void> {
    void this.#child.stdin.write(`${line}\n`);
    await this.#child.stdin.flush();
  }

  /** Waits for the end and for the last line; the exit code, or 128 + the signal's number as a shell says it. */
  async exited(wait: { readonly timeoutMs?: number } = {}): Promise<number> {
    const timeoutMs = wait.timeoutMs ?? 20_000;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`still running after ${timeoutMs} ms\n${this.lines.tail()}`));
    }, timeoutMs);
    try {
      const code = await Promise.race([this.#child.exited, late.promise]);
      await Promise.race([this.lines.ended(), late.promise]);
      return code;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#child.exited;
  }
}

/** What a program that ended left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the executable to its end. */
export async function runBinary(
  args: readonly string[],
  options: ProgramOptions & { readonly timeoutMs?: number },
): Promise<Outcome> {
  await using program = new Program([await buildIfNeeded(), ...args], options);
  const code = await program.exited(options);
  return { code, stdout: program.lines.text("stdout"), stderr: program.lines.text("stderr") };
}
