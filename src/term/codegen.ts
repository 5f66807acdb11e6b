/**
 * Whether functions can be made from text here. The engine refuses with `--disallow-code-generation-from-strings`; the
 * codecs then work through closures and loops, slower.
 */
export type Compile = (
  parameters: readonly string[],
  body: string,
) => (...values: unknown[]) => unknown;

/** Makes functions from text; undefined where the engine refuses. */
export const compile: Compile | undefined = probe();

function probe(): Compile | undefined {
  // Only text built from our own templates and JSON-quoted keys gets here, never a peer's.
  const make: Compile = (parameters, body) =>
    // oxlint-disable-next-line typescript/no-implied-eval -- this is what the file is for
    new Function(...parameters, body) as (...values: unknown[]) => unknown;
  try {
    return make(["value"], "return value;")(1) === 1 ? make : undefined;
  } catch {
    return undefined;
  }
}
