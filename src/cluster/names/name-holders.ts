import type { NameEntry } from "../../wire/name-entry.ts";
import type { Holder, NamesOutput } from "./names-io.ts";

/** One entry or several: nearly every name has one. */
type OneOrMore = Holder | readonly Holder[];

/**
 * Who holds which name, as far as this node knows: its own processes, for which it is the authority, and what each
 * connected node says of its own. Where two nodes say different things, one of them is shown: what every node that sees
 * the same two shows.
 */
export class NameHolders {
  readonly #self: { readonly node: string; readonly creation: number };
  readonly #emit: (output: NamesOutput) => void;
  readonly #own = new Map<string, Holder>();
  readonly #others = new Map<string, OneOrMore>();
  readonly #namesOf = new Map<number, Set<string>>();

  constructor(
    self: { readonly node: string; readonly creation: number },
    emit: (output: NamesOutput) => void,
  ) {
    this.#self = self;
    this.#emit = emit;
  }

  /** Names that processes of this node hold. */
  get ownCount(): number {
    return this.#own.size;
  }

  /** The holder among the processes of this node. */
  own(name: string): Holder | undefined {
    return this.#own.get(name);
  }

  /** Names that a process of this node holds. */
  ownNamesOf(local: number): readonly string[] {
    return [...(this.#namesOf.get(local) ?? [])];
  }

  /** Every process of this node that holds a name. */
  ownLocals(): readonly number[] {
    return [...this.#namesOf.keys()];
  }

  /** Holders on other nodes. */
  others(name: string): readonly Holder[] {
    const others = this.#others.get(name);
    if (others === undefined) return [];
    return isMany(others) ? others : [others];
  }

  /** The holder on that node. */
  otherOn(peer: string, name: string): Holder | undefined {
    const others = this.#others.get(name);
    if (others === undefined) return undefined;
    if (!isMany(others)) return others.node === peer ? others : undefined;
    return others.find((holder) => holder.node === peer);
  }

  /** Who is shown under the name: the one that claimed first, or the one that replaces it. */
  shown(name: string): Holder | undefined {
    const own = this.#own.get(name);
    const others = this.#others.get(name);
    if (others === undefined) return own;
    if (!isMany(others)) return own === undefined ? others : preferred(own, others);
    let shown = own;
    for (const holder of others) shown = shown === undefined ? holder : preferred(shown, holder);
    return shown;
  }

  /** Every name with who is shown, in no order. */
  *list(): Iterable<{ readonly name: string; readonly holder: Holder }> {
    for (const name of this.#own.keys()) yield { name, holder: this.shown(name)! };
    for (const name of this.#others.keys()) {
      if (!this.#own.has(name)) yield { name, holder: this.shown(name)! };
    }
  }

  /** Names that a process of this node holds and one of that node too. */
  doubledWith(peer: string): readonly string[] {
    return [...this.#own.keys()].filter((name) => this.otherOn(peer, name) !== undefined);
  }

  /** A process of this node holds the name from now on, and no other process of it does. */
  setOwn(name: string, local: number, entry: NameEntry): void {
    const before = this.shown(name);
    const previous = this.#own.get(name);
    this.#own.set(name, { ...this.#self, local, entry });
    let names = this.#namesOf.get(local);
    if (names === undefined) this.#namesOf.set(local, (names = new Set()));
    names.add(name);
    // In this order, so that whoever reads along never sees the name free.
    this.#emit({ kind: "set", name, local, entry });
    if (previous !== undefined && previous.local !== local) this.#forget(name, previous.local);
    this.#show(name, before);
  }

  removeOwn(name: string): void {
    const own = this.#own.get(name);
    if (own === undefined) return;
    const before = this.shown(name);
    this.#own.delete(name);
    this.#forget(name, own.local);
    this.#show(name, before);
  }

  /** What a connected node says; undefined: that process of it does not hold the name any more. */
  setOther(
    peer: { readonly node: string; readonly creation: number },
    name: string,
    local: number,
    entry: NameEntry | undefined,
  ): void {
    const before = this.shown(name);
    if (before === undefined) {
      // Nearly always: nobody else holds it.
      if (entry === undefined) return;
      const { creation, node } = peer;
      const holder = { node, creation, local, entry };
      this.#others.set(name, holder);
      return this.#emit({ kind: "show", name, holder });
    }
    const known = this.others(name);
    // While a node replaces a holder of its own it says the new one first.
    const kept = known.filter(
      (holder) => holder.node !== peer.node || (entry === undefined && holder.local !== local),
    );
    const next = entry === undefined ? kept : [...kept, { ...peer, local, entry }];
    if (next.length === 0) this.#others.delete(name);
    else this.#others.set(name, next.length === 1 ? next[0]! : next);
    this.#show(name, before);
  }

  /** Nothing that the node said counts any more. @returns the names */
  clear(peer: string): readonly string[] {
    const names: string[] = [];
    for (const [name, others] of this.#others) {
      if (isMany(others) ? others.some(({ node }) => node === peer) : others.node === peer) {
        names.push(name);
      }
    }
    for (const name of names) {
      const before = this.shown(name);
      const kept = this.others(name).filter(({ node }) => node !== peer);
      if (kept.length === 0) this.#others.delete(name);
      else this.#others.set(name, kept.length === 1 ? kept[0]! : kept);
      this.#show(name, before);
    }
    return names;
  }

  #forget(name: string, local: number): void {
    const names = this.#namesOf.get(local);
    names?.delete(name);
    if (names?.size === 0) this.#namesOf.delete(local);
    this.#emit({ kind: "remove", name, local });
  }

  #show(name: string, before: Holder | undefined): void {
    const holder = this.shown(name);
    if (holder === before) return;
    if (holder !== undefined && before !== undefined && isSame(holder, before)) return;
    this.#emit({ kind: "show", name, holder });
  }
}

/** Whether one holder claimed the name before the other: the same on every node. */
export function isEarlier(
  a: { readonly node: string; readonly claimed: number },
  b: { readonly node: string; readonly claimed: number },
): boolean {
  return a.claimed !== b.claimed ? a.claimed < b.claimed : a.node < b.node;
}

/** Whether the first is there in place of the second. */
export const replaces = (holder: Holder, other: Holder): boolean =>
  holder.entry.replaces.some(
    ({ node, local, claimed }) =>
      node === other.node && local === other.local && claimed === other.entry.claimed,
  );

/** The one of two holders that is shown. */
export function preferred(a: Holder, b: Holder): Holder {
  if (replaces(a, b)) return a;
  if (replaces(b, a)) return b;
  const { claimed: first } = a.entry;
  const { claimed: second } = b.entry;
  return isEarlier({ node: a.node, claimed: first }, { node: b.node, claimed: second }) ? a : b;
}

function isMany(others: OneOrMore): others is readonly Holder[] {
  return Array.isArray(others);
}

/** Fences differ where a holder was kept: `names` shows them, so they are told. */
const isSame = (a: Holder, b: Holder): boolean =>
  a.node === b.node &&
  a.local === b.local &&
  a.creation === b.creation &&
  a.entry.fence === b.entry.fence;
