const BAR_CELLS = 30;
const TABLE_ROWS = 10;
const ERASE_LINE = "\r\x1b[2K";

/** What the demo shows: events with the milliseconds since its start, and on a terminal a live progress line. */
export class Screen implements Disposable {
  readonly #out: NodeJS.WriteStream;
  readonly #startedAt = Date.now();
  #progress = "";

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  elapsedMs(now = Date.now()): number {
    return now - this.#startedAt;
  }

  /** One line of the story; `at` is `Date.now()` of when it happened, now if left out. */
  event(what: string, text: string, at?: number): void {
    this.line(`${String(this.elapsedMs(at)).padStart(6)} ms  ${what.padEnd(8)}  ${text}`);
  }

  line(text: string): void {
    this.#out.write(`${this.#erase()}${text}\n${this.#progress}`);
  }

  /** Redraws the progress line; nothing where output is not a terminal. `part` is 0 to 1. */
  progress(part: number, nodes: number): void {
    if (!this.#out.isTTY) return;
    const cells = Math.round(part * BAR_CELLS);
    const bar = "█".repeat(cells) + "░".repeat(BAR_CELLS - cells);
    const text = `${bar} ${String(Math.round(part * 100)).padStart(3)} %  ${nodes} nodes`;
    this.#out.write(this.#erase() + text);
    this.#progress = part < 1 ? text : "";
    if (part >= 1) this.#out.write(ERASE_LINE);
  }

  /** The most frequent words. */
  table(counts: ReadonlyMap<string, number>): void {
    const top = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, TABLE_ROWS);
    const most = top[0]?.[1] ?? 1;
    this.line("");
    for (const [word, count] of top) {
      const bar = "█".repeat(Math.max(1, Math.round((count / most) * BAR_CELLS)));
      this.line(`${String(count).padStart(9)}  ${word.padEnd(12)}  ${bar}`);
    }
  }

  [Symbol.dispose](): void {
    this.#out.write(this.#erase());
    this.#progress = "";
  }

  #erase(): string {
    return this.#progress === "" ? "" : ERASE_LINE;
  }
}
