import { writeVarint } from "./encode-leaf.ts";
import { REFUSED, SLACK, type EncodeState } from "./encode-state.ts";
import { lengthBytes, writeHeader, writeInlineString } from "./encode-string.ts";
import type { NodeRef } from "../node-ref.ts";
import { BYTES_8 } from "../tags.ts";

const TWO_32 = 0x1_0000_0000;
const PER_TWO_32 = 1 / TWO_32;

export function writeBytes(state: EncodeState, position: number, value: Uint8Array): number {
  const count = value.length;
  if (position + count + SLACK > state.end) state.grow(position, count + SLACK);
  const width = lengthBytes(count);
  writeHeader(state, position, BYTES_8, width, count);
  position += 1 + width;
  state.bytes.set(value, position);
  return position + count;
}

/**
 * Node and 48-bit number of a pid or ref: `tag` and the node's index, or `tag + 1` and the node in full, which then
 * takes the next index.
 */
export function writeIdentity(
  state: EncodeState,
  position: number,
  tag: number,
  nodeRef: NodeRef,
  id: number,
): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const index = nodeRef === state.nodeLast ? state.nodeLastIndex : state.nodeIndex(nodeRef);
  if (index < 0) {
    if (state.nodesFull) throw REFUSED;
    state.bytes[position] = tag + 1;
    position = writeInlineString(state, position + 1, nodeRef.name);
    state.defineNode(nodeRef);
    position = writeUint48(state, position, nodeRef.creation);
  } else {
    state.bytes[position] = tag;
    if (index < 0x80) {
      state.bytes[position + 1] = index;
      position += 2;
    } else position = writeVarint(state, position + 1, index);
  }
  return writeUint48(state, position, id);
}

function writeUint48(state: EncodeState, position: number, value: number): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const high = Math.floor(value * PER_TWO_32);
  state.view.setUint32(position, value - high * TWO_32, true);
  state.view.setUint16(position + 4, high, true);
  return position + 6;
}
