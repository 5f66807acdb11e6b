/** A condition of our own code that does not hold. Never caught: the thread or the node goes down. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Checks what our own code promises itself. Never for a peer's or a user's input. */
export function assert(condition: boolean, text: string): asserts condition {
  if (!condition) throw new AssertionError(text);
}

/** Ends a `switch` over a union: a case that was forgotten does not compile. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
