import { Packr, REUSE_BUFFER_MODE, RESET_BUFFER_MODE } from "msgpackr";

import { ByteReader, ByteWriter } from "../../src/base/bytes.ts";
import { ambient } from "../../src/term/ambient.ts";
import { TermDecoder } from "../../src/term/decode/decode.ts";
import { TermEncoder } from "../../src/term/encode/encode.ts";
import { decode, encode } from "../../src/term/stf.ts";
import type { Workload } from "./workloads.ts";

/** One codec on one workload: each call handles every value of the workload once. */
export interface Contender {
  readonly name: string;
  readonly encode: () => void;
  readonly decode: () => void;
  /** Bytes of all values of the workload together. */
  readonly bytes: number;
  /** Another name, under which it is compared with fewer. */
  readonly also?: string;
}

/** Gives the batches of a workload in turn. */
function rotation(workload: Workload): () => readonly unknown[] {
  const { batches } = workload;
  if (batches === undefined) return () => workload.values;
  let next = 0;
  return () => batches[next++ % batches.length]!;
}

/** A stream from its beginning: version byte, definitions and all. */
export function session(workload: Workload, bytes: "copy" | "view"): Contender {
  const writer = new ByteWriter(64 * 1024);
  const encoder = new TermEncoder(writer);
  const decoder = new TermDecoder(ambient.identities, { bytes });
  const reader = new ByteReader();
  const round = (values: readonly unknown[]): void => {
    writer.length = 0;
    encoder.reset();
    for (const value of values) encoder.write(writer, value);
  };
  const streams = (workload.batches ?? [workload.values]).map((values) => {
    round(values);
    return { count: values.length, bytes: Buffer.from(writer.copy()) };
  });
  const nextValues = rotation(workload);
  let next = 0;
  return {
    name: "stf session",
    encode: () => round(nextValues()),
    decode: () => {
      const stream = streams[next++ % streams.length]!;
      reader.reset(stream.bytes);
      decoder.reset();
      for (let i = 0; i < stream.count; i++) decoder.read(reader);
    },
    bytes: streams[0]!.bytes.length,
  };
}

export function standalone(workload: Workload, bytes: "copy" | "view"): Contender {
  const nextValues = rotation(workload);
  const encoded = (workload.batches ?? [workload.values]).map((values) =>
    values.map((value) => encode(value)),
  );
  let next = 0;
  return {
    name: "stf standalone",
    encode: () => {
      for (const value of nextValues()) encode(value);
    },
    decode: () => {
      for (const input of encoded[next++ % encoded.length]!) decode(input, { bytes });
    },
    bytes: total(encoded[0]!),
  };
}

interface MsgpackrMode {
  /** Into one buffer that is used again for every message. */
  readonly reuse?: boolean;
  /** All strings of a message in one place. */
  readonly bundleStrings?: boolean;
  /** Reads all messages from one buffer in one call. */
  readonly multiple?: boolean;
  readonly records?: boolean;
}

/** Modes whose results stay valid at the next call, as those of `encode` do. */
export const KEPT = "msgpackr, kept";

/** Reads a whole stream in one call, which the receiver of single messages cannot. */
export const BATCH = "msgpackr, a batch";

/** Modes with records, the native addon on where it is installed. */
export function msgpackrModes(workload: Workload): Contender[] {
  return [
    { ...msgpackr(workload, {}), also: KEPT },
    { ...msgpackr(workload, { bundleStrings: true }), also: KEPT },
    msgpackr(workload, { reuse: true }),
    msgpackr(workload, { reuse: true, bundleStrings: true }),
    { ...msgpackr(workload, { multiple: true }), name: BATCH },
  ];
}

/** Plain MessagePack maps: larger, but not slowed down by shapes that never come again. */
export function msgpackrMaps(workload: Workload): Contender {
  return { ...msgpackr(workload, { reuse: true, records: false }), name: "msgpackr, no records" };
}

/** Its records are known from the first round on: what defines them is in neither its times nor its bytes. */
function msgpackr(workload: Workload, mode: MsgpackrMode): Contender {
  const nextValues = rotation({ ...workload, values: workload.plain ?? workload.values });
  const records = mode.records !== false;
  const packr = new Packr({
    ...(records ? { structures: [] } : { useRecords: false }),
    bundleStrings: mode.bundleStrings === true,
  });
  const flags = mode.reuse === true ? REUSE_BUFFER_MODE | RESET_BUFFER_MODE : 0;
  const encoded = (workload.batches ?? [workload.plain ?? workload.values]).map((values) =>
    values.map((value) => Buffer.from(packr.pack(value))),
  );
  const joined = encoded.map((batch) => Buffer.concat(batch));
  const ignore = (): void => undefined;
  let next = 0;
  return {
    name: "msgpackr",
    encode: () => {
      for (const value of nextValues()) packr.pack(value, flags);
    },
    decode:
      mode.multiple === true
        ? () => packr.unpackMultiple(joined[next++ % joined.length]!, ignore)
        : () => {
            for (const input of encoded[next++ % encoded.length]!) packr.unpack(input);
          },
    bytes: total(encoded[0]!),
  };
}

export function json(workload: Workload): Contender {
  const nextValues = rotation(workload);
  const encoded = workload.values.map((value) => JSON.stringify(value));
  return {
    name: "JSON",
    encode: () => {
      for (const value of nextValues()) JSON.stringify(value);
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
