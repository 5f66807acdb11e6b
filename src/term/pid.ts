import { assert } from "../base/assert.ts";
import { MisuseError } from "../base/error.ts";
import { NODE_NAME_CHARS_MAX } from "../base/limits.ts";
import { ambient } from "./ambient.ts";
import type { Identities } from "./identities.ts";
import type { NodeRef } from "./node-ref.ts";

declare const takes: unique symbol;

/** 2^42: what a scheduler's number is multiplied by in a local id. */
export const SERIAL_LIMIT = 2 ** 42;

/** 2^48: a local id is below it. */
export const LOCAL_LIMIT = 2 ** 48;

const TEXT = /^([^#\s]+)#([0-9a-z]{1,10})\/(\d{1,2})\.(\d{1,13})$/;

/**
 * The address of a process, on this node or another one. Immutable; the same process is the same object on one thread,
 * so `===`, `Map` and `Set` work. `M` is what the process takes; a plain `Pid` is one that can be linked, monitored
 * and printed, not sent to.
 */
export class Pid<in M = never> {
  declare readonly [takes]: (message: M) => void;
  /** The node that the process lives on. */
  readonly nodeRef: NodeRef;
  /** 48 bits: scheduler × 2^42 + serial. */
  readonly local: number;
  /** Whether the identities' table knows this object; set by `Identities` alone. */
  interned: boolean;
  /** Who takes what is sent here, on the thread where it lives; set and cleared by the scheduler, undefined elsewhere. */
  owner: unknown;

  /** Called by `Identities` only, which keeps pids unique. */
  constructor(nodeRef: NodeRef, local: number) {
    this.nodeRef = nodeRef;
    this.local = local;
    this.interned = false;
    this.owner = undefined;
  }

  /** The home scheduler, 1 … 63; 0 is the control thread. */
  get scheduler(): number {
    return Math.floor(this.local / SERIAL_LIMIT);
  }

  /** Number of the process on its home scheduler. */
  get serial(): number {
    return this.local % SERIAL_LIMIT;
  }

  /** Name of the node, `name@host`. */
  get node(): string {
    return this.nodeRef.name;
  }

  /** `node_id << 48 | local_id`, for display: never stored, never sent, different on every node. */
  get bits(): bigint {
    return (BigInt(this.nodeRef.id) << 48n) | BigInt(this.local);
  }

  /** 16-bit number of the node in this node's table, 0 = this node. */
  nodeId(): number {
    return this.nodeRef.id;
  }

  /** 48 bits: home scheduler and serial. */
  localId(): number {
    return this.local;
  }

  /** Whether the process lives on this node, in its present incarnation. */
  isLocal(): boolean {
    return this.nodeRef.id === 0;
  }

  /** `name@host#<creation in base 36>/<scheduler>.<serial>`: no character in it is special to a shell. */
  toString(): string {
    return `${this.nodeRef.toString()}/${this.scheduler}.${this.serial}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** `Pid(…)` in `console.log`, instead of what it is made of. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Pid(${this.toString()})`;
  }

  /**
   * The pid that `toString` wrote.
   * @throws {MisuseError} `bad_argument` if the text is not a pid's
   */
  static parse(text: string, identities: Identities = ambient.identities): Pid<unknown> {
    const parts = parseIdentity(text);
    if (parts === undefined)
      throw new MisuseError("bad_argument", `not a pid: ${JSON.stringify(text)}`);
    return identities.pid(identities.nodeRef(parts.name, parts.creation), parts.local);
  }

  /** The pid of a process of a node given by name and creation, as it stands in a message from there. */
  static fromRemote(
    node: string,
    creation: number,
    local: number,
    identities: Identities = ambient.identities,
  ): Pid<unknown> {
    assert(node.length <= NODE_NAME_CHARS_MAX, "the name of a node has at most 255 characters");
    assert(is48Bits(creation), "a creation has 48 bits");
    assert(is48Bits(local), "a local id has 48 bits");
    return identities.pid(identities.nodeRef(node, creation), local);
  }
}

/** The parts of `name@host#creation/scheduler.serial`, or undefined if the text is something else. */
export function parseIdentity(
  text: string,
): { name: string; creation: number; local: number } | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const creation = Number.parseInt(match[2]!, 36);
  const scheduler = Number(match[3]);
  const serial = Number(match[4]);
  if (match[1]!.length > NODE_NAME_CHARS_MAX) return undefined;
  if (creation >= LOCAL_LIMIT || scheduler > 63 || serial >= SERIAL_LIMIT) return undefined;
  return { name: match[1]!, creation, local: scheduler * SERIAL_LIMIT + serial };
}

function is48Bits(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < LOCAL_LIMIT;
}
