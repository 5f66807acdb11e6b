/**
 * Sites: places where strings stand, numbered per encoder. Strings of one place are alike: ids that never come again, or a few
 * words that always do. After the places below come the fields of the shapes, in the order of their definition.
 */

/** Strings of a site, one after the other, that were not in the dictionary, before it is looked for only now and then. */
export const SITE_MISSES_MAX = 64;

/** The same in a standalone term. */
export const STANDALONE_MISSES_MAX = 6;

/** Where such a counter looks again: then for every 16th string. */
export const SITE_LOOK_AT = SITE_MISSES_MAX + 15;

/**
 * For the fields of the object, or the elements of the short array, that a whole standalone term is: their strings go in full,
 * there is hardly a second one of a kind.
 */
export const NO_SITE = -1;

export const SITE_ELEMENT = 0;
export const SITE_MAP_KEY = 1;
export const SITE_MAP_VALUE = 2;
const TUPLES = 3;

/** Elements up to which an array has a site, and a writer, for each of its elements. */
export const TUPLE_MAX = 8;

/** The site of the first field of the first shape. */
export const FIELD_SITES = tupleSite(TUPLE_MAX + 1);

/** The site of the first element of arrays of that length. */
export function tupleSite(length: number): number {
  return TUPLES + ((length * (length - 1)) >> 1);
}
