/**
 * Feeds damaged frames to everything that reads them: `npm run fuzz -- frames`, see fuzz.ts. The inputs are the golden frames with bytes changed, cut, doubled and put together anew. A reader may refuse an input with `DecodeError`
 * or `ProtocolError`, a lane or link with its `failure`; anything else thrown ends the run with the input and the seed.
 */
import { ByteReader } from "../src/base/bytes.ts";
import { DecodeError, ProtocolError } from "../src/base/error.ts";
import { Prng } from "../src/base/prng.ts";
import { ControlLink } from "../src/session/control-link.ts";
import { Lane } from "../src/session/lane/lane.ts";
import { TermDecoder } from "../src/term/decode/decode.ts";
import { Identities } from "../src/term/identities.ts";
import {
  decodeControlMessage,
  decodeSessionEnd,
  decodeSuspect,
  decodeTick,
} from "../src/wire/control-message.ts";
import {
  decodeCommit,
  decodeHello,
  decodeProof,
  decodeRefuse,
} from "../src/wire/handshake-message.ts";
import { decodeLaneHello, decodeLaneProof, decodeLaneReady } from "../src/wire/lane-message.ts";
import { decodeSignal } from "../src/wire/signals/message.ts";
import { DATA_HEADER_BYTES } from "../src/wire/frame.ts";
import { damaged } from "./fuzz/damage.ts";
import { frameVectors } from "../test/support/frame-vectors.ts";

const identities = new Identities("b@host", 2);

interface Target {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Of a thousand inputs, how many this target gets. */
  readonly share: number;
  run(input: Uint8Array): void;
}

const vectors = [...frameVectors()];
const named = (start: string) =>
  vectors.filter(([name]) => name.startsWith(start)).map(([, bytes]) => bytes);
const bodies = (start: string) => named(start).map((frame) => frame.slice(4));

function decoder(
  name: string,
  seeds: readonly Uint8Array[],
  share: number,
  run: (input: Uint8Array) => unknown,
): Target {
  return { name, seeds, share, run };
}

function targets(): readonly Target[] {
  const terms = new TermDecoder(identities);
  const reader = new ByteReader();
  return [
    decoder(
      "signals",
      named("DATA with signal").map((frame) => frame.slice(DATA_HEADER_BYTES)),
      700,
      (input) => {
        terms.reset();
        reader.reset(input);
        while (reader.remaining > 0) decodeSignal({ reader, decoder: terms });
      },
    ),
    decoder("HELLO", bodies("HELLO"), 40, decodeHello),
    decoder("PROOF", bodies("PROOF"), 20, decodeProof),
    decoder("COMMIT", bodies("COMMIT"), 10, decodeCommit),
    decoder("REFUSE", bodies("REFUSE"), 20, decodeRefuse),
    decoder("LANE_HELLO", bodies("LANE_HELLO"), 10, decodeLaneHello),
    decoder("LANE_PROOF", bodies("LANE_PROOF"), 10, decodeLaneProof),
    decoder("LANE_READY", bodies("LANE_READY"), 10, decodeLaneReady),
    decoder("TICK", bodies("TICK"), 10, decodeTick),
    decoder("SUSPECT", bodies("SUSPECT"), 5, decodeSuspect),
    decoder("SESSION_END", bodies("SESSION_END"), 15, decodeSessionEnd),
    decoder("control messages", named("control message"), 130, (input) =>
      decodeControlMessage(input, identities),
    ),
    { name: "lane", seeds: [...named("DATA"), ...named("ACK")], share: 15, run: runLane },
    {
      name: "control link",
      seeds: [...named("CONTROL_READY"), ...named("TICK"), ...named("SUSPECT")],
      share: 5,
      run: runLink,
    },
  ];
}

/** A lane gets the input in two pieces; what it does with it must end in signals or in its failure. */
function runLane(input: Uint8Array): void {
  const lane = new Lane({ node: "a@host", identities });
  const sink = { message() {}, signal() {}, undecodable() {} };
  lane.attach(0);
  const half = input.length >> 1;
  lane.receive(input.slice(0, half), 0, sink);
  lane.receive(input.slice(half), 0, sink);
}

function runLink(input: Uint8Array): void {
  const link = new ControlLink(identities);
  link.attach();
  link.receive(input, 0, { message() {}, tick() {}, suspect() {}, ended() {} });
}

/** Inputs between two looks at the clock, the prototypes and the memory. */
const BATCH = 4_096;
/** Bytes that the process may grow by, whatever the number of inputs. */
const GROWTH_BYTES_MAX = 512 * 1024 * 1024;

export interface FuzzBounds {
  readonly count: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Tries inputs until either bound; how many. @throws what escaped, after the input and the seed on stderr */
export async function fuzzFrames({ count, seconds, seed }: FuzzBounds): Promise<number> {
  const random = new Prng(seed);
  const deadline = performance.now() + seconds * 1_000;
  const all = targets().flatMap((target) => Array.from({ length: target.share }, () => target));
  const before = process.memoryUsage.rss();
  let tried = 0;
  while (tried < count && performance.now() < deadline) {
    for (let index = 0; index < BATCH; index++) {
      const target = all[random.below(all.length)]!;
      const input = damaged(target.seeds, random);
      try {
        target.run(input);
      } catch (error) {
        if (error instanceof DecodeError || error instanceof ProtocolError) continue;
        const where = `seed ${seed}, input ${tried + index}`;
        console.error(`${target.name} threw with ${where}: ${input.toHex()}`);
        throw error;
      }
    }
    tried += BATCH;
    if (Object.keys(Object.prototype).length > 0) throw new Error("a prototype was changed");
    if (process.memoryUsage.rss() - before > GROWTH_BYTES_MAX) throw new Error("memory grows");
    // What is held weakly is let go of between two turns of the event loop only.
    await new Promise(setImmediate);
  }
  return tried;
}
