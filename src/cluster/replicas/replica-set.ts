/**
 * One table of the whole cluster, of which each node changes its own part only: who holds which names, who is in which
 * groups and rooms. A core on the control thread: the own part, and a copy of every connected node's.
 *
 *     peerUp ──► asking ──same, delta, full──► current ──peerDown──► parked (kept aside, invisible)
 *                  ▲                              │
 *                  └── digest or delta that does not fit ──┘   the copy stays visible until it is replaced
 *
 * Deltas travel in order. On connect the copy says what it has of an earlier session; a digest from time to time finds what a
 * bug or a dropped message broke, which is mended and reported. Feed inputs, then `pollOutput` until undefined.
 */
import { unreachable } from "../../base/assert.ts";
import { earliest, type Millis } from "../../base/millis.ts";
import type { Change, ReplicaMessage, TableState } from "../../wire/replica-message.ts";
import { ReplicaAuthority } from "./replica-authority.ts";
import { ReplicaTable, sameEntries } from "./replica-table.ts";

/** Milliseconds between two digests: what a fault may stay unnoticed. */
const DIGEST_MS = 30_000;

/**
 * Milliseconds between two answers to one peer: each may be the whole table. Who asks again sooner has had no time to miss
 * anything that was not on its way, and gets its answer then.
 */
const ANSWER_MS = 1_000;

/** Nodes that are away whose entries are kept for their return. */
const PARKED_MAX = 64;

/** Entries of all of them: more are sent anew, rather than that peers which come and go under new names fill the memory. */
const PARKED_ENTRIES_MAX = 262_144;

/** Equal to no table's: the answer is everything. */
const UNLIKE_ANY: TableState = { version: 0, count: 0xffff_ffff, low: 0, high: 0 };

const EMPTY: TableState = { version: 0, count: 0, low: 0, high: 0 };

export type ReplicaOutput =
  | { readonly kind: "send"; readonly peer: string; readonly message: ReplicaMessage }
  /** Entries of a connected node as they are now; those that are gone have no value. */
  | { readonly kind: "changed"; readonly node: string; readonly changes: readonly Change[] }
  /** The node's entries are all there, for the first time since it is up. */
  | { readonly kind: "current"; readonly node: string }
  /** The node is gone, and with it all its entries. */
  | { readonly kind: "cleared"; readonly node: string }
  /** A copy was not what the node has: it is fetched anew. Worth a warning. */
  | {
      readonly kind: "mismatch";
      readonly node: string;
      readonly have: TableState;
      readonly told: TableState;
    };

interface Copy {
  readonly creation: number;
  state: "asking" | "current";
  /** Digests that came while the answer did not. */
  digestsMeanwhile: number;
  /** Whether its entries have been told of. */
  visible: boolean;
  table: ReplicaTable;
  /** What comes as a whole, until its last part is there. */
  building: { readonly table: ReplicaTable; parts: number } | undefined;
  /** Whether the peer has all of ours and is told what changes. */
  follows: boolean;
  /** From when on a question of the peer is answered at once. */
  answersFrom: Millis;
  /** What it had when it last asked, if that was too soon after the answer before. */
  asked: TableState | undefined;
}

export class ReplicaSet {
  readonly #own = new ReplicaAuthority();
  readonly #copies = new Map<string, Copy>();
  readonly #parked = new Map<string, { readonly creation: number; readonly table: ReplicaTable }>();
  readonly #outputs: ReplicaOutput[] = [];
  #digestAt: Millis | undefined;

  /** The own part. */
  get own(): ReplicaTable {
    return this.#own.table;
  }

  /** What a connected node has, as far as it is known; undefined while nothing is. */
  copyOf(node: string): ReplicaTable | undefined {
    const copy = this.#copies.get(node);
    return copy?.visible === true ? copy.table : undefined;
  }

  /** Whether all of a connected node's entries are here. */
  isCurrent(node: string): boolean {
    return this.#copies.get(node)?.state === "current";
  }

  /** Entries of all connected nodes and the own ones. */
  get count(): number {
    let count = this.own.count;
    for (const copy of this.#copies.values()) if (copy.visible) count += copy.table.count;
    return count;
  }

  /** Changes own entries and tells every peer that follows. */
  change(changes: readonly Change[]): void {
    const delta = this.#own.change(changes);
    if (delta === undefined) return;
    for (const [peer, copy] of this.#copies) if (copy.follows) this.#send(peer, delta);
  }

  peerUp(peer: string, creation: number, now: Millis): void {
    const parked = this.#parked.get(peer);
    this.#parked.delete(peer);
    const table = parked?.creation === creation ? parked.table : new ReplicaTable();
    this.#copies.set(peer, {
      creation,
      state: "asking",
      digestsMeanwhile: 0,
      visible: false,
      table,
      building: undefined,
      follows: false,
      answersFrom: now,
      asked: undefined,
    });
    this.#digestAt ??= now + DIGEST_MS;
    this.#send(peer, { kind: "have", state: table.state });
  }

  peerDown(peer: string): void {
    const copy = this.#copies.get(peer);
    if (copy === undefined) return;
    this.#copies.delete(peer);
    if (this.#copies.size === 0) this.#digestAt = undefined;
    if (copy.visible) this.#outputs.push({ kind: "cleared", node: peer });
    if (copy.state !== "current" || copy.table.count === 0) return;
    const { creation, table } = copy;
    this.#parked.set(peer, { creation, table });
    let entries = 0;
    for (const parked of this.#parked.values()) entries += parked.table.count;
    for (const [oldest, parked] of this.#parked) {
      if (this.#parked.size <= PARKED_MAX && entries <= PARKED_ENTRIES_MAX) return;
      this.#parked.delete(oldest);
      entries -= parked.table.count;
    }
  }

  receive(peer: string, message: ReplicaMessage, now: Millis): void {
    const copy = this.#copies.get(peer);
    if (copy === undefined) return;
    switch (message.kind) {
      case "have":
        copy.asked = message.state;
        return this.#answer(peer, copy, now);
      case "same":
        return this.#complete(peer, copy);
      case "delta":
        return this.#delta(peer, copy, message);
      case "full":
        return this.#part(peer, copy, message);
      case "digest":
        return this.#compare(peer, copy, message.state);
      default:
        return unreachable(message);
    }
  }

  /** A message to this peer was not taken: it gets no more changes until it has asked again, which the next digest makes it. */
  dropped(peer: string): void {
    const copy = this.#copies.get(peer);
    if (copy !== undefined) copy.follows = false;
  }

  pollOutput(): ReplicaOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): Millis | undefined {
    let due = this.#digestAt;
    for (const { answersFrom, asked } of this.#copies.values())
      if (asked !== undefined) due = earliest(due, answersFrom);
    return due;
  }

  handleTimeout(now: Millis): void {
    for (const [peer, copy] of this.#copies) this.#answer(peer, copy, now);
    if (this.#digestAt === undefined || now < this.#digestAt) return;
    this.#digestAt = now + DIGEST_MS;
    const { state } = this.own;
    for (const peer of this.#copies.keys()) this.#send(peer, { kind: "digest", state });
  }

  #answer(peer: string, copy: Copy, now: Millis): void {
    const { asked } = copy;
    if (asked === undefined || now < copy.answersFrom) return;
    copy.asked = undefined;
    copy.answersFrom = now + ANSWER_MS;
    copy.follows = true;
    for (const answer of this.#own.answer(asked)) this.#send(peer, answer);
  }

  #delta(
    peer: string,
    copy: Copy,
    { version, changes }: Extract<ReplicaMessage, { kind: "delta" }>,
  ): void {
    const { table } = copy;
    if (version !== table.version + 1) {
      // Some were dropped on the way. While the answer is awaited they do not matter.
      if (copy.state === "current") this.#askAnew(peer, copy, { ...EMPTY, version: version - 1 });
      return;
    }
    const real = changes.filter((change) => table.apply(change));
    if (copy.visible) this.#outputs.push({ kind: "changed", node: peer, changes: real });
    if (copy.state === "asking") this.#complete(peer, copy);
  }

  #part(peer: string, copy: Copy, part: Extract<ReplicaMessage, { kind: "full" }>): void {
    if (part.first) copy.building = { table: new ReplicaTable(), parts: 0 };
    const { building } = copy;
    // A part without those before it: the next digest has it asked for again.
    if (building === undefined || part.place !== building.parts) return;
    building.parts++;
    for (const change of part.changes) building.table.apply(change);
    if (!part.last) return;
    copy.building = undefined;
    const { table } = building;
    table.version = part.state.version;
    if (!sameEntries(table.state, part.state)) return this.#report(peer, table.state, part.state);
    const before = copy.table;
    copy.table = table;
    if (copy.visible) {
      const changes = difference(before, table);
      if (changes.length > 0) this.#outputs.push({ kind: "changed", node: peer, changes });
    }
    this.#complete(peer, copy);
  }

  #compare(peer: string, copy: Copy, told: TableState): void {
    const { state } = copy.table;
    if (copy.state === "asking") {
      // The answer is mostly on its way; one that does not come between two digests was dropped.
      if (++copy.digestsMeanwhile >= 2) this.#ask(peer, copy);
    } else if (state.version !== told.version || !sameEntries(state, told)) {
      this.#askAnew(peer, copy, told);
    }
  }

  #askAnew(peer: string, copy: Copy, told: TableState): void {
    this.#report(peer, copy.table.state, told);
    this.#ask(peer, copy);
  }

  /** Has everything sent once more. */
  #ask(peer: string, copy: Copy): void {
    copy.state = "asking";
    copy.digestsMeanwhile = 0;
    copy.building = undefined;
    this.#send(peer, { kind: "have", state: UNLIKE_ANY });
  }

  /** Everything that the node has is in the copy. */
  #complete(peer: string, copy: Copy): void {
    const isFirst = !copy.visible;
    copy.state = "current";
    copy.visible = true;
    if (!isFirst) return;
    const changes = [...copy.table.entries()];
    if (changes.length > 0) this.#outputs.push({ kind: "changed", node: peer, changes });
    this.#outputs.push({ kind: "current", node: peer });
  }

  #report(node: string, have: TableState, told: TableState): void {
    this.#outputs.push({ kind: "mismatch", node, have, told });
  }

  #send(peer: string, message: ReplicaMessage): void {
    this.#outputs.push({ kind: "send", peer, message });
  }
}

/** What makes one table the other: what is only in the first is gone. */
function difference(before: ReplicaTable, after: ReplicaTable): Change[] {
  const changes: Change[] = [];
  for (const { bucket, member } of before.entries())
    if (after.value(bucket, member) === undefined)
      changes.push({ bucket, member, value: undefined });
  for (const change of after.entries()) {
    const known = before.value(change.bucket, change.member);
    if (known === undefined || known.toHex() !== change.value!.toHex()) changes.push(change);
  }
  return changes;
}
