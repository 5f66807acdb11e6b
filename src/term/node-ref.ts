import type { Identities } from "./identities.ts";

/**
 * One incarnation of a node: its name and its creation. One object per thread, so `===` compares.
 * Made by `Identities.nodeRef` only.
 */
export class NodeRef {
  /** `name@host`, without a port. */
  readonly name: string;
  /** Start time of that incarnation in ms since 2020, 48 bits: a later start is a greater number. */
  readonly creation: number;
  /** 16 bits, 0 = this node. For display only: never stored, never sent. */
  readonly id: number;
  /** The table that this object belongs to. */
  readonly identities: Identities;
  /** Made when first asked for: every pid's text begins with it. */
  #text: string | undefined = undefined;

  constructor(identities: Identities, name: string, creation: number, id: number) {
    this.identities = identities;
    this.name = name;
    this.creation = creation;
    this.id = id;
  }

  get isLocal(): boolean {
    return this.id === 0;
  }

  /** `name@host#<creation in base 36>`. */
  toString(): string {
    return (this.#text ??= `${this.name}#${this.creation.toString(36)}`);
  }
}
