import * as tags from "./tags.ts";

/** Names of the exact tags, by byte. */
const names = new Map<number, string>(
  Object.entries(tags)
    .filter(
      ([name, value]) =>
        value >= tags.UNDEFINED && value < tags.INT_NEGATIVE && !name.startsWith("KIND_"),
    )
    .map(([name, value]) => [value, name]),
);

/** What `docs/stf.md` calls the tag: `UINT16`, or the name of its range. */
export function tagName(tag: number): string {
  if (tag <= tags.INT_MAX) return "INT";
  if (tag < tags.LATIN1) return "SHAPE";
  if (tag < tags.ARRAY) return "LATIN1";
  if (tag < tags.STRING_REF) return "ARRAY";
  if (tag < tags.UNDEFINED) return "STRING_REF";
  if (tag >= tags.INT_NEGATIVE) return "INT_NEGATIVE";
  return names.get(tag) ?? `tag ${tag}`;
}
