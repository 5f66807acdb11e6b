const segmenter = new Intl.Segmenter("en", { granularity: "word" });

/** Counts the words of a text into `counts`, in lower case; a word is what Unicode's rules call one. */
export function countWords(text: string, counts: Map<string, number>): void {
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (isWordLike !== true) continue;
    const word = segment.toLowerCase();
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
}

/** Adds the counts of a part to those of the whole. */
export function addCounts(whole: Map<string, number>, part: ReadonlyMap<string, number>): void {
  for (const [word, count] of part) whole.set(word, (whole.get(word) ?? 0) + count);
}

/** The words that two counts do not agree on. */
export function differingWords(
  one: ReadonlyMap<string, number>,
  other: ReadonlyMap<string, number>,
): string[] {
  const words = new Set([...one.keys(), ...other.keys()]);
  return [...words].filter((word) => one.get(word) !== other.get(word));
}
