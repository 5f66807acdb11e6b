import { compiledWriter, loopWriter, type WriteFields } from "./shape-writers.ts";
import { TUPLE_MAX } from "../sites.ts";

/** Uses of a length after which a writer is compiled for it. */
const COMPILE_AT = 16;

/** Writers of the elements of short arrays by their length: a tuple is a shape whose keys are 0, 1, 2 … */
export const tupleWriters = makeWriters();

/** The same for the array that a whole standalone term is: one writer for both would be compiled for neither. */
export const wholeTupleWriters = makeWriters();

function makeWriters(): WriteFields[] {
  const writers: WriteFields[] = [];
  for (let length = 0; length <= TUPLE_MAX; length++) writers.push(tupleWriter(writers, length));
  return writers;
}

function tupleWriter(writers: WriteFields[], length: number): WriteFields {
  const keys = Array.from({ length }, (_, i) => String(i));
  const loop = loopWriter(keys);
  let uses = 0;
  return (state, position, array, writeValue, site) => {
    if (++uses === COMPILE_AT) writers[length] = compiledWriter(keys) ?? loop;
    return loop(state, position, array, writeValue, site);
  };
}
