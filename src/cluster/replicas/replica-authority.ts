import type { Change, ReplicaMessage, TableState } from "../../wire/replica-message.ts";
import { ReplicaTable, sameEntries } from "./replica-table.ts";

/** Changes that are kept for peers that were away: more have happened, and all is sent. */
const RECENT_MAX = 1_024;

/** Changes in one message: some tens of KiB, so that ticks and others get between. */
const PART_CHANGES = 1_024;

interface Recent {
  readonly change: Change;
  /** The table before it. */
  readonly before: TableState;
}

/** A node's own table: the only one who changes it, and the answer to whoever copies it. */
export class ReplicaAuthority {
  readonly table = new ReplicaTable();
  #recent: Recent[] = [];

  /** Makes entries what they are to be; the message that says so to those who have all before, or undefined. */
  change(changes: readonly Change[]): Extract<ReplicaMessage, { kind: "delta" }> | undefined {
    const version = this.table.version + 1;
    const real: Change[] = [];
    for (const change of changes) {
      const before = this.table.state;
      if (!this.table.apply(change)) continue;
      real.push(change);
      this.#recent.push({ change, before });
    }
    if (this.#recent.length > 2 * RECENT_MAX) this.#recent = this.#recent.slice(-RECENT_MAX);
    return real.length === 0 ? undefined : { kind: "delta", version, changes: real };
  }

  /** What brings a copy from a state to the present one: nothing but word of it, the changes since, or everything. */
  answer(have: TableState): ReplicaMessage[] {
    const { state } = this.table;
    if (have.version === state.version && sameEntries(have, state)) return [{ kind: "same" }];
    return this.#since(have) ?? this.#all(state);
  }

  #since(have: TableState): ReplicaMessage[] | undefined {
    const first = this.#recent[0];
    if (first === undefined || have.version < first.before.version) return undefined;
    const from = have.version - first.before.version;
    const known = this.#recent[from];
    if (known === undefined || !sameEntries(known.before, have)) return undefined;
    const changes = this.#recent.slice(from).map(({ change }) => change);
    // A copy is whole with the first answer that fits: what is missing has to fit into one.
    if (changes.length > PART_CHANGES) return undefined;
    return [{ kind: "delta", version: have.version + 1, changes }];
  }

  #all(state: TableState): ReplicaMessage[] {
    const all = parts([...this.table.entries()]);
    return all.map((changes, place) => ({
      kind: "full",
      first: place === 0,
      last: place === all.length - 1,
      place,
      state,
      changes,
    }));
  }
}

/** At least one part, which may be empty. */
function parts(changes: readonly Change[]): (readonly Change[])[] {
  const all: (readonly Change[])[] = [];
  for (let at = 0; at === 0 || at < changes.length; at += PART_CHANGES)
    all.push(changes.slice(at, at + PART_CHANGES));
  return all;
}
