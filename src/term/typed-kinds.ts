import {
  KIND_BIGINT64,
  KIND_BIGUINT64,
  KIND_FLOAT16,
  KIND_FLOAT32,
  KIND_FLOAT64,
  KIND_INT16,
  KIND_INT32,
  KIND_INT8,
  KIND_UINT16,
  KIND_UINT32,
  KIND_UINT8,
  KIND_UINT8_CLAMPED,
} from "./tags.ts";

type TypedArray = Exclude<ArrayBufferView<ArrayBuffer>, DataView<ArrayBuffer>>;

/** A class of typed arrays as the format sees it. */
export interface TypedKind {
  readonly kind: number;
  readonly elementBytes: number;
  readonly type: { readonly prototype: object; new (buffer: ArrayBuffer): TypedArray };
}

/** Every typed array class that this engine has, with its kind byte. */
export const typedKinds: readonly TypedKind[] = [
  { kind: KIND_INT8, elementBytes: 1, type: Int8Array },
  { kind: KIND_UINT8, elementBytes: 1, type: Uint8Array },
  { kind: KIND_INT16, elementBytes: 2, type: Int16Array },
  { kind: KIND_UINT16, elementBytes: 2, type: Uint16Array },
  { kind: KIND_INT32, elementBytes: 4, type: Int32Array },
  { kind: KIND_UINT32, elementBytes: 4, type: Uint32Array },
  { kind: KIND_FLOAT64, elementBytes: 8, type: Float64Array },
  { kind: KIND_FLOAT32, elementBytes: 4, type: Float32Array },
  { kind: KIND_UINT8_CLAMPED, elementBytes: 1, type: Uint8ClampedArray },
  { kind: KIND_BIGINT64, elementBytes: 8, type: BigInt64Array },
  { kind: KIND_BIGUINT64, elementBytes: 8, type: BigUint64Array },
  { kind: KIND_FLOAT16, elementBytes: 2, type: Float16Array },
];

/** By kind byte; undefined where there is no class. */
export const typedByKind: readonly (TypedKind | undefined)[] = Array.from(
  { length: 16 },
  (_, kind) => typedKinds.find((entry) => entry.kind === kind),
);

/** By prototype. */
export const typedByPrototype: ReadonlyMap<object, TypedKind> = new Map(
  typedKinds.map((entry) => [entry.type.prototype, entry]),
);
