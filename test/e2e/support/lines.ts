/** One line that a program printed; `at` is `Date.now()` of its arrival, in ms. */
export interface Line {
  readonly at: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** Whether a line is the one waited for. A string matches as a part of the line. */
export type Match = string | RegExp | ((text: string, line: Line) => boolean);

const matches = (match: Match, line: Line): boolean =>
  typeof match === "string"
    ? line.text.includes(match)
    : match instanceof RegExp
      ? match.test(line.text)
      : match(line.text, line);

interface Waiter {
  readonly match: Match;
  readonly resolve: (line: Line) => void;
  readonly reject: (error: Error) => void;
}

/** Enough to see what went wrong, little enough to read. */
const TAIL_LINES = 40;

/**
 * Everything that a program printed so far, and the means to wait for what it prints next. A wait ends at the
 * line, at the end of both streams, or when its time is over, so no test hangs on a program that died.
 */
export class Lines {
  readonly all: Line[] = [];
  readonly #listeners = new Set<(line: Line) => void>();
  readonly #waiters = new Set<Waiter>();
  readonly #streamsEnded: Promise<unknown>;
  #ended = false;

  constructor(streams: {
    readonly stdout: ReadableStream<Uint8Array>;
    readonly stderr: ReadableStream<Uint8Array>;
  }) {
    this.#streamsEnded = Promise.all([
      this.#collect("stdout", streams.stdout),
      this.#collect("stderr", streams.stderr),
    ]).then(() => this.#end());
  }

  /** Resolves when the program has closed both streams and every line is in `all`. */
  async ended(): Promise<void> {
    await this.#streamsEnded;
  }

  /** The text of one stream, or of both as it arrived; each line with its end. */
  text(stream?: Line["stream"]): string {
    return this.all
      .filter((line) => stream === undefined || line.stream === stream)
      .map((line) => `${line.text}\n`)
      .join("");
  }

  matching(match: Match): Line[] {
    return this.all.filter((line) => matches(match, line));
  }

  /** Calls back with every line from now on. */
  listen(listener: (line: Line) => void): void {
    this.#listeners.add(listener);
  }

  /** The first line that matches and that is not among the first `from` ones, printed already or not yet. */
  async waitFor(
    match: Match,
    wait: { readonly timeoutMs?: number; readonly from?: number } = {},
  ): Promise<Line> {
    const timeoutMs = wait.timeoutMs ?? 10_000;
    const already = this.all.slice(wait.from ?? 0).find((line) => matches(match, line));
    if (already !== undefined) return already;
    if (this.#ended)
      throw new Error(`no line matches ${String(match)}, the program ended\n${this.tail()}`);
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const waiter: Waiter = { match, resolve, reject };
    this.#waiters.add(waiter);
    const timer = setTimeout(() => {
      reject(new Error(`no line matches ${String(match)} within ${timeoutMs} ms\n${this.tail()}`));
    }, timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }

  /** The last lines, for the message of an error. */
  tail(): string {
    return this.all
      .slice(-TAIL_LINES)
      .map((line) => `  ${line.stream}: ${line.text}`)
      .join("\n");
  }

  async #collect(stream: Line["stream"], chunks: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of chunks) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const text of parts) this.#add({ at: Date.now(), stream, text });
    }
    if (rest !== "") this.#add({ at: Date.now(), stream, text: rest });
  }

  #add(line: Line): void {
    this.all.push(line);
    for (const listener of this.#listeners) listener(line);
    for (const waiter of this.#waiters) if (matches(waiter.match, line)) waiter.resolve(line);
  }

  #end(): void {
    this.#ended = true;
    for (const { match, reject } of this.#waiters) {
      reject(new Error(`no line matches ${String(match)}, the program ended\n${this.tail()}`));
    }
  }
}
