import { compiledWriter, loopWriter, type WriteFields } from "./shape-writers.ts";
import { TUPLE_MAX } from "./sites.ts";

/** Uses of a length after which a writer is compiled for it. */
const COMPILE_AT = 16;

/** Writers of the elements of short arrays by their length: a tuple is a shape whose keys are 0, 1, 2 … */
export const tupleWriters: WriteFields[] = Array.from({ length: TUPLE_MAX + 1 }, (_, length) =>
  tupleWriter(length),
);

function tupleWriter(length: number): WriteFields {
  const keys = Array.from({ length }, (_, i) => String(i));
  const loop = loopWriter(keys);
  let uses = 0;
  return (state, position, array, writeValue, site) => {
    if (++uses === COMPILE_AT) tupleWriters[length] = compiledWriter(keys) ?? loop;
    return loop(state, position, array, writeValue, site);
  };
}
