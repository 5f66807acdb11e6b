import type { DecodeState } from "./decode-state.ts";
import { compiledTupleReader, type ReadFields, type ReadValue } from "./field-readers.ts";
import { TUPLE_MAX } from "../sites.ts";

/** Uses of a length after which a reader is compiled for it. */
const COMPILE_AT = 32;

/** Readers of the elements of short arrays, by their length. */
export const tupleReaders: ReadFields[] = Array.from({ length: TUPLE_MAX + 1 }, (_, length) =>
  tupleReader(length),
);

function tupleReader(length: number): ReadFields {
  const loop: ReadFields = (state, readValue) => readTuple(state, readValue, length);
  let uses = 0;
  return (state, readValue) => {
    if (++uses === COMPILE_AT) tupleReaders[length] = compiledTupleReader(length) ?? loop;
    return loop(state, readValue);
  };
}

function readTuple(state: DecodeState, readValue: ReadValue, length: number): unknown[] {
  const result = new Array<unknown>(length);
  for (let i = 0; i < length; i++) result[i] = readValue(state);
  return result;
}
