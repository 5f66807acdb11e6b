/** The lines of a stream, one at a time; the stream stays open between them. */
export class Lines {
  readonly #reader: {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  };
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** undefined: the stream has ended. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  /** The first line that matches. @throws {Error} the stream ends before */
  async match(pattern: RegExp): Promise<RegExpExecArray> {
    for (let line = await this.next(); line !== undefined; line = await this.next()) {
      const found = pattern.exec(line);
      if (found !== null) return found;
    }
    throw new Error(`ended without a line like ${String(pattern)}`);
  }
}
