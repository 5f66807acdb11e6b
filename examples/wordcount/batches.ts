import { readFile } from "node:fs/promises";

/** A piece of the work, small enough that losing one costs little. */
export interface Batch {
  readonly type: "batch";
  readonly id: number;
  readonly texts: readonly string[];
  /** UTF-8 bytes of all texts. */
  readonly bytes: number;
}

/** A few milliseconds of work each, so that no mapper is left with a long tail. */
const BATCH_BYTES = 16 * 1024;

/** Cuts a text where lines end, because no word goes on from one line to the next. */
function* pieces(text: string): Generator<string> {
  let start = 0;
  while (text.length - start > BATCH_BYTES) {
    const end = text.indexOf("\n", start + BATCH_BYTES);
    if (end < 0) break;
    yield text.slice(start, end + 1);
    start = end + 1;
  }
  if (start < text.length) yield text.slice(start);
}

/** Reads the files one after the other and packs what is in them into batches, numbered from 1. */
export async function* cutIntoBatches(files: readonly string[]): AsyncGenerator<Batch, undefined> {
  let id = 0;
  let texts: string[] = [];
  let bytes = 0;
  for (const file of files) {
    for (const piece of pieces(await readFile(file, "utf8"))) {
      texts.push(piece);
      bytes += Buffer.byteLength(piece);
      if (bytes < BATCH_BYTES) continue;
      yield { type: "batch", id: ++id, texts, bytes };
      texts = [];
      bytes = 0;
    }
  }
  if (texts.length > 0) yield { type: "batch", id: ++id, texts, bytes };
  return undefined;
}
