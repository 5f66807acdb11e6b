import { compile } from "./codegen.ts";
import { writeNumber } from "./encode-leaf.ts";
import type { EncodeState } from "./encode-state.ts";
import { writeInlineString, writeString, writeStringNear } from "./encode-string.ts";

/** Appends a value; the encoder of values, handed in because it in turn writes shapes. */
export type WriteValue = (state: EncodeState, position: number, value: unknown) => number;

/** Appends the values of an object of one shape and returns the position behind them. */
export type WriteFields = (
  state: EncodeState,
  position: number,
  object: object,
  writeValue: WriteValue,
) => number;

/** Strings of a field, one after the other, that were not in the dictionary, before it is looked for only now and then. */
const MISSES_MAX = 64;

/** How often then: a power of two. */
const LOOK_EACH = 16;

/** The same for every shape: a loop over its keys. */
export function loopWriter(keys: readonly string[]): WriteFields {
  return (state, position, object, writeValue) => {
    for (let i = 0; i < keys.length; i++) {
      position = writeValue(state, position, (object as Record<string, unknown>)[keys[i]!]);
    }
    return position;
  };
}

/**
 * A writer made for one shape: each field has its own property access and its own branches, which the engine compiles
 * for what that field usually holds. Undefined where code generation is refused.
 */
export function compiledWriter(keys: readonly string[]): WriteFields | undefined {
  if (compile === undefined) return undefined;
  // A field that holds one of two strings again (a message's type, say) does not look for it in the dictionary's table.
  const memory = keys.map(
    (_, i) => `let text${i}, slot${i} = 0, other${i}, otherSlot${i} = 0, misses${i} = 0;`,
  );
  const lines = keys.map(
    (key, i) =>
      `value = object[${JSON.stringify(key)}];
      if (typeof value === "string") {
        if (value === text${i}) position = writeStringNear(state, position, value, slot${i});
        else if (value === other${i}) position = writeStringNear(state, position, value, otherSlot${i});
        else if (misses${i} > ${MISSES_MAX} && ++misses${i} % ${LOOK_EACH} !== 0 && !state.standalone) {
          position = writeInlineString(state, position, value);
        } else {
          position = writeString(state, position, value);
          if (state.slotFound < 0) misses${i}++;
          else {
            misses${i} = 0;
            other${i} = text${i}; otherSlot${i} = slot${i}; text${i} = value; slot${i} = state.slotFound;
          }
        }
      } else position = typeof value === "number"
        ? writeNumber(state, position, value)
        : writeValue(state, position, value);`,
  );
  const body = `"use strict"; ${memory.join(" ")}
    return (state, position, object, writeValue) => { let value; ${lines.join("\n")} return position; };`;
  const make = compile(
    ["writeString", "writeStringNear", "writeInlineString", "writeNumber"],
    body,
  );
  return make(writeString, writeStringNear, writeInlineString, writeNumber) as WriteFields;
}
