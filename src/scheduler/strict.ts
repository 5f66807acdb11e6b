import type { Clock } from "../port/clock.ts";
import type { Identities } from "../term/identities.ts";
import { decode, encode } from "../term/stf.ts";

/**
 * Strict mode's way of handing over a message on one scheduler: the receiver gets what it would get from far away, and
 * the sender's plain objects and arrays are frozen, so that changing them after sending fails here as it would be
 * without effect there. The option `copy` of a scheduler. Codecs of users read within `clock`, as they do elsewhere.
 */
export function strictCopy(
  identities: Identities,
  clock: Pick<Clock, "within"> = {},
): (message: unknown) => unknown {
  return (message) => {
    // A number, a string and the like cannot be changed: what is left to check is that they can be sent.
    const bytes = encode(message);
    if (typeof message !== "object" || message === null) return message;
    freeze(message);
    let copy: unknown;
    const read = (): void => void (copy = decode(bytes, { identities }));
    if (clock.within === undefined) read();
    else clock.within(read);
    return copy;
  };
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  if (Array.isArray(value)) {
    Object.freeze(value);
    for (const item of value) freeze(item);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return;
  Object.freeze(value);
  for (const key of Object.keys(value)) freeze((value as Record<string, unknown>)[key]);
}
