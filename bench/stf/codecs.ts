import { Packr, REUSE_BUFFER_MODE, RESET_BUFFER_MODE } from "msgpackr";

import { ByteReader, ByteWriter } from "../../src/base/bytes.ts";
import { ambient } from "../../src/term/ambient.ts";
import { TermDecoder } from "../../src/term/decode.ts";
import { TermEncoder } from "../../src/term/encode.ts";
import { decode, encode } from "../../src/term/stf.ts";
import type { Workload } from "./workloads.ts";

/** One codec on one workload: each call handles every value of the workload once. */
export interface Contender {
  readonly name: string;
  readonly encode: () => void;
  readonly decode: () => void;
  /** Bytes of all values of the workload together, when everything that is sent only once has been sent. */
  readonly bytes: number;
}

/** Rounds until dictionaries know all that they will ever know. */
const WARM_UP_ROUNDS = 8;

export function session(workload: Workload, bytes: "copy" | "view"): Contender {
  const { values, fresh } = workload;
  const writer = new ByteWriter(64 * 1024);
  const encoder = new TermEncoder(writer);
  const decoder = new TermDecoder(ambient.identities, { bytes });
  const reader = new ByteReader();
  const round = (): void => {
    writer.length = 0;
    if (fresh === true) encoder.reset();
    for (const value of values) encoder.write(writer, value);
  };
  const readRound = (bytes: Uint8Array): void => {
    reader.reset(bytes);
    if (fresh === true) decoder.reset();
    for (let i = 0; i < values.length; i++) decoder.read(reader);
  };
  for (let i = 0; i < (fresh === true ? 1 : WARM_UP_ROUNDS); i++) {
    round();
    readRound(writer.copy());
  }
  const last = Buffer.from(writer.copy());
  return { name: "stf session", encode: round, decode: () => readRound(last), bytes: last.length };
}

export function standalone(workload: Workload, bytes: "copy" | "view"): Contender {
  const { values } = workload;
  const encoded = values.map((value) => encode(value));
  return {
    name: "stf standalone",
    encode: () => {
      for (const value of values) encode(value);
    },
    decode: () => {
      for (const input of encoded) decode(input, { bytes });
    },
    bytes: total(encoded),
  };
}

/** Records on, native addon on where it is installed. `reuse`: into one buffer that is used again for every message. */
export function msgpackr(workload: Workload, reuse: boolean): Contender {
  const values = workload.plain ?? workload.values;
  let packr = new Packr({ structures: [] });
  const flags = reuse ? REUSE_BUFFER_MODE | RESET_BUFFER_MODE : 0;
  const round = (): void => {
    if (workload.fresh === true) packr = new Packr({ structures: [] });
    for (const value of values) packr.pack(value, flags);
  };
  for (let i = 0; i < WARM_UP_ROUNDS; i++) round();
  if (workload.fresh === true) packr = new Packr({ structures: [] });
  const encoded = values.map((value) => Buffer.from(packr.pack(value)));
  const unpackr = packr;
  return {
    name: "msgpackr",
    encode: round,
    decode: () => {
      for (const input of encoded) unpackr.unpack(input);
    },
    bytes: total(encoded),
  };
}

export function json(workload: Workload): Contender {
  const encoded = workload.values.map((value) => JSON.stringify(value));
  return {
    name: "JSON",
    encode: () => {
      for (const value of workload.values) JSON.stringify(value);
    },
    decode: () => {
      for (const input of encoded) JSON.parse(input);
    },
    bytes: total(encoded.map((text) => Buffer.from(text))),
  };
}

/** `structuredClone` goes both ways in one call. */
export function cloning(workload: Workload): Contender {
  const values = workload.plain ?? workload.values;
  const clone = (): void => {
    for (const value of values) structuredClone(value);
  };
  return { name: "structuredClone", encode: clone, decode: clone, bytes: 0 };
}

function total(encoded: readonly Uint8Array[]): number {
  return encoded.reduce((sum, bytes) => sum + bytes.length, 0);
}
