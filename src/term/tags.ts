/**
 * The first byte of every term of the Snow Term Format, version 1. `docs/stf.md` says what follows each.
 * All numbers are little-endian; `varint` is LEB128, at most 5 bytes.
 */

/** First byte of a stream of terms and of a standalone term. */
export const STF_VERSION = 1;

/** 0x00 … 0x3f: the integers 0 … 63 themselves. */
export const INT_MAX = 0x3f;
/** 0x40 … 0x7f: object of the shape with index 0 … 63, its values follow. */
export const SHAPE = 0x40;
/** 0x80 … 0x9f: string of 0 … 31 Latin-1 characters. */
export const LATIN1 = 0x80;
/** 0xa0 … 0xaf: array of 0 … 15 elements. */
export const ARRAY = 0xa0;
/** 0xb0 … 0xbf: string with index 0 … 15 of the dictionary. */
export const STRING_REF = 0xb0;

export const UNDEFINED = 0xc0;
export const NULL = 0xc1;
export const FALSE = 0xc2;
export const TRUE = 0xc3;
/** Non-negative integers of 1, 2, 4, 6, 7 bytes; 7 bytes hold at most 2^53 − 1. */
export const UINT8 = 0xc4;
export const UINT16 = 0xc5;
export const UINT32 = 0xc6;
export const UINT48 = 0xc7;
export const UINT56 = 0xc8;
/** Negative integers: −1 − n with n of 1, 2, 4, 7 bytes. */
export const NINT8 = 0xc9;
export const NINT16 = 0xca;
export const NINT32 = 0xcb;
export const NINT56 = 0xcc;
export const FLOAT64 = 0xcd;
/** varint byte count, magnitude. */
export const BIGINT = 0xce;
export const BIGINT_NEGATIVE = 0xcf;

/** Length in 1, 2, 4 bytes, then one byte a character. */
export const LATIN1_8 = 0xd0;
export const LATIN1_16 = 0xd1;
export const LATIN1_32 = 0xd2;
/** Length in bytes in 1, 2, 4 bytes, then UTF-8. */
export const UTF8_8 = 0xd3;
export const UTF8_16 = 0xd4;
export const UTF8_32 = 0xd5;
/** varint count of 16-bit code units: only for strings with lone surrogates. */
export const UTF16 = 0xd6;
/** A string term that also takes the next index of the dictionary. */
export const STRING_DEFINE = 0xd7;
/** Index 16 + one byte. */
export const STRING_REF8 = 0xd8;
/** Index in two bytes. */
export const STRING_REF16 = 0xd9;
/** Uint8Array, length in 1, 2, 4 bytes. */
export const BYTES_8 = 0xda;
export const BYTES_16 = 0xdb;
export const BYTES_32 = 0xdc;
/** varint count, elements. */
export const ARRAY_VARINT = 0xdd;
/** Array of numbers: kind byte, varint count, raw elements. */
export const ARRAY_PACKED = 0xde;
/** Empties the dictionary; a version byte and the term follow. Only where a term of a stream begins. */
export const RESET = 0xdf;

/** Milliseconds since 1970 as float64; NaN = invalid date. */
export const DATE = 0xe0;
/** varint count, then key, value, … */
export const MAP = 0xe1;
/** varint count, elements. */
export const SET = 0xe2;
/** varint count, then key (a string term), value, … */
export const OBJECT = 0xe3;
/** The same with a null prototype. */
export const OBJECT_NULL = 0xe4;
/** varint byte count of the keys, the keys as string terms; takes the next shape index; the values follow. */
export const SHAPE_DEFINE = 0xe5;
/** The same with a null prototype. */
export const SHAPE_DEFINE_NULL = 0xe6;
/** Index 64 + one byte; the values follow. */
export const SHAPE_REF8 = 0xe7;
/** Index in two bytes; the values follow. */
export const SHAPE_REF16 = 0xe8;
/** varint node index, local id in 6 bytes. */
export const PID = 0xe9;
/** Node name (a string term), creation in 6 bytes, local id in 6 bytes; the node takes the next node index. */
export const PID_DEFINE = 0xea;
export const REF = 0xeb;
export const REF_DEFINE = 0xec;
/** Name, message, stack (string or undefined), own fields (object), cause (one-element array or undefined). */
export const ERROR = 0xed;
/** Name (string term), varint version, payload (a term). */
export const STRUCT = 0xee;
/** Kind byte, varint byte count, raw bytes. */
export const TYPED_ARRAY = 0xef;
/** 0xf0 … 0xff: the integers −16 … −1. */
export const INT_NEGATIVE = 0xf0;

/** Kinds of `TYPED_ARRAY`; `ARRAY_PACKED` uses the first seven of them. */
export const KIND_INT8 = 1;
export const KIND_UINT8 = 2;
export const KIND_INT16 = 3;
export const KIND_UINT16 = 4;
export const KIND_INT32 = 5;
export const KIND_UINT32 = 6;
export const KIND_FLOAT64 = 7;
export const KIND_FLOAT32 = 8;
export const KIND_UINT8_CLAMPED = 9;
export const KIND_BIGINT64 = 10;
export const KIND_BIGUINT64 = 11;
export const KIND_FLOAT16 = 12;
export const KIND_ARRAY_BUFFER = 13;
