import { SERIAL_LIMIT } from "./pid.ts";
import type { NodeRef } from "./node-ref.ts";

/**
 * A unique token of a node: of a monitor, a timer, a call. Compare with `equals`; a ref that was made on this thread and
 * comes back in a message is the same object while somebody holds it.
 */
export class Ref {
  /** The node that made it. */
  readonly nodeRef: NodeRef;
  /** 48 bits, numbered as `Pid.local` is: scheduler × 2^42 + serial. */
  readonly id: number;
  /** Whether the identities' table knows this object; set by `Identities` alone. */
  interned: boolean;

  /** Called by `Identities` only. */
  constructor(nodeRef: NodeRef, id: number) {
    this.nodeRef = nodeRef;
    this.id = id;
    this.interned = false;
  }

  get node(): string {
    return this.nodeRef.name;
  }

  equals(other: unknown): boolean {
    return (
      this === other ||
      (other instanceof Ref && other.id === this.id && sameNode(other.nodeRef, this.nodeRef))
    );
  }

  /** `ref:name@host#<creation in base 36>/<scheduler>.<serial>`. */
  toString(): string {
    return `ref:${this.nodeRef.toString()}/${Math.floor(this.id / SERIAL_LIMIT)}.${this.id % SERIAL_LIMIT}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** `Ref(…)` in `console.log`, instead of what it is made of. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Ref(${this.toString().slice(4)})`;
  }
}

function sameNode(a: NodeRef, b: NodeRef): boolean {
  return a === b || (a.creation === b.creation && a.name === b.name);
}
