/** A fault of our own: a small change of one or two source files, each a text that stands there exactly once. */
export interface Mutant {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** The seeds that have to find it, as an option of `npm run sim`. Default: those of the mix. */
  readonly by?: "splits";
}

export interface Patch {
  /** From the root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A mutant of one patch. */
export const mutant = (name: string, file: string, from: string, to: string): Mutant => ({
  name,
  patches: [{ file, from, to }],
});

/** A source with the patch in it. @throws {Error} the text is not there, or not once: the mutant has to be written anew */
export function patched(source: string, { file, from, to }: Patch): string {
  const places = source.split(from).length - 1;
  if (places !== 1) throw new Error(`${file} has the text of a mutant ${places} times: ${from}`);
  return source.replace(from, () => to);
}
