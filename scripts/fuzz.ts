/**
 * `npm run fuzz -- stf | frames [--seconds N | --count N] [--seed N]`. `stf` mutates the vectors of the term format and
 * decodes what comes out, as a standalone term and as a stream; `frames` does so with every frame and whatever reads it.
 * Anything but a value or a `DecodeError` is an escape: it is printed with its bytes and the exit code is 1. Prints how many inputs were tried. Without a bound: 10 seconds.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ByteReader, ByteWriter } from "../src/base/bytes.ts";
import { DecodeError } from "../src/base/error.ts";
import { TermDecoder } from "../src/term/decode/decode.ts";
import { decode, encode } from "../src/term/stf.ts";
import { Identities } from "../src/term/identities.ts";
import { TermEncoder } from "../src/term/encode/encode.ts";
import { stream, values } from "../test/vectors/stf/values.ts";
import { CommandLine } from "./command-line.ts";
import { fuzzFrames, type FuzzBounds } from "./fuzz-frames.ts";
import { mutate, Random } from "./fuzz/mutate.ts";

/** Inputs between two looks at the clock, the prototypes and the memory. */
const BATCH = 4096;

/** Bytes of a mutated input at most. */
const INPUT_BYTES_MAX = 512;

/** Milliseconds of processor time for one batch: more means that some input hangs. A batch takes some 20 ms. */
const BATCH_MS_MAX = 5_000;

/** Bytes that the process may grow by, whatever the number of inputs. */
const GROWTH_BYTES_MAX = 512 * 1024 * 1024;

interface Bounds extends FuzzBounds {
  readonly what: "stf" | "frames";
}

function parse(): Bounds {
  const line: CommandLine = new CommandLine(
    "npm run fuzz -- stf | frames [--seconds N | --count N] [--seed N]",
  );
  const { values: options, positionals } = line.parse({
    allowPositionals: true,
    options: { seconds: { type: "string" }, count: { type: "string" }, seed: { type: "string" } },
  });
  const [what, ...more] = positionals;
  if ((what !== "stf" && what !== "frames") || more.length > 0) line.refuse("stf or frames?");
  const count = line.number("count", options.count, Infinity);
  const otherwise = options.count === undefined ? 10 : Infinity;
  const seconds = line.number("seconds", options.seconds, otherwise);
  const seed = line.number("seed", options.seed, Date.now() % 0x7fff_ffff);
  return { what, count, seconds, seed };
}

/** Every vector, valid or not, and a stream of all values after one another. */
function corpus(): Uint8Array[] {
  const folder = join(import.meta.dir, "../test/vectors/stf");
  const hex = ["valid.json", "invalid.json"].flatMap(
    (file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as { hex: string }[],
  );
  const inputs: Uint8Array[] = hex.map((vector) => Buffer.from(vector.hex, "hex"));
  const writer = new ByteWriter();
  const encoder = new TermEncoder(writer);
  for (const value of [...stream, ...stream, ...Object.values(values)])
    encoder.write(writer, value);
  for (let at = 0; at < writer.length; at += 256) inputs.push(writer.copy().subarray(0, at + 256));
  inputs.push(encode([...stream, { a: [1, 2, 3], b: new Map([[1, "x"]]) }]));
  return inputs.map((input) => input.subarray(0, INPUT_BYTES_MAX));
}

const identities = new Identities("b@10.0.0.2", 1);
const decoder = new TermDecoder(identities, { bytes: "view" });
const reader = new ByteReader();
const options = { identities };

/** Decodes one input as a standalone term; throws what is not a DecodeError. */
function tryTerm(bytes: Buffer, count: number): void {
  try {
    decode(bytes.subarray(0, count), options);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

/** The same as a stream of terms, up to the one that breaks it. */
function tryStream(bytes: Buffer, count: number): void {
  decoder.reset();
  reader.reset(bytes, 0, count);
  for (let terms = 0; reader.remaining > 0 && terms < 32; terms++) {
    try {
      decoder.read(reader);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (error.code !== "struct_undecodable") return;
    }
  }
}

function checkWorld(before: number, batchStart: number): void {
  if (Object.keys(Object.prototype).length > 0 || "polluted" in {})
    throw new Error("a prototype was changed");
  if (processorMs() - batchStart > BATCH_MS_MAX) throw new Error("a batch took too long");
  if (process.memoryUsage.rss() - before > GROWTH_BYTES_MAX) throw new Error("memory grows");
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function fuzzTerms({ seconds, count, seed }: FuzzBounds): Promise<number> {
  const random = new Random(seed);
  const inputs = corpus();
  const bytes = Buffer.alloc(INPUT_BYTES_MAX);
  const deadline = performance.now() + seconds * 1000;
  const before = process.memoryUsage.rss();
  let tried = 0;
  while (tried < count && performance.now() < deadline) {
    const batchStart = processorMs();
    for (let i = 0; i < BATCH; i++) {
      const length = mutate(random, inputs, bytes);
      try {
        if (i % 2 === 0) tryTerm(bytes, length);
        else tryStream(bytes, length);
      } catch (error) {
        console.error(
          `escape after ${tried + i} inputs, seed ${seed}: ${bytes.toString("hex", 0, length)}`,
        );
        throw error;
      }
    }
    tried += BATCH;
    checkWorld(before, batchStart);
    // What is held weakly is let go of between two turns of the event loop only.
    await new Promise(setImmediate);
  }
  return tried;
}

const bounds = parse();
// Errors are the usual outcome here and nobody reads their stacks.
Error.stackTraceLimit = 0;
const start = performance.now();
const tried = await (bounds.what === "stf" ? fuzzTerms(bounds) : fuzzFrames(bounds));
const took = (performance.now() - start) / 1000;
console.log(
  `${bounds.what}: ${tried} inputs, 0 escapes, ${took.toFixed(1)} s, seed ${bounds.seed}`,
);
