/** What the two parts of the groups service say to each other between threads of one node. */

/**
 * Changes of one node's memberships, as columns: cloning columns is a fraction of cloning rows. Entry `i`: the process with
 * the local id `locals[i]` is in `buckets[i]` `counts[i]` times.
 */
export interface GroupColumns {
  readonly buckets: readonly string[];
  readonly locals: readonly number[];
  readonly counts: readonly number[];
}

export type GroupsToScheduler =
  /** Of another scheduler of this node (`node` is ""), or of another node. */
  | {
      readonly kind: "changed";
      readonly node: string;
      readonly creation: number;
      readonly columns: GroupColumns;
    }
  | { readonly kind: "cleared"; readonly node: string }
  /** Another scheduler of this node was ended: its processes are in nothing any more. */
  | { readonly kind: "scheduler_cleared"; readonly scheduler: number }
  /** Somebody on another scheduler has a process of this one join (`by` 1) or leave (−1). */
  | {
      readonly kind: "wanted";
      readonly bucket: string;
      readonly local: number;
      readonly by: number;
    };

export type GroupsToControl =
  | { readonly kind: "changed"; readonly columns: GroupColumns }
  | {
      readonly kind: "wanted";
      readonly scheduler: number;
      readonly bucket: string;
      readonly local: number;
      readonly by: number;
    };

/** Columns while they are filled. */
export class GroupColumnsBuilder implements GroupColumns {
  readonly buckets: string[] = [];
  readonly locals: number[] = [];
  readonly counts: number[] = [];

  get length(): number {
    return this.buckets.length;
  }

  add(bucket: string, local: number, count: number): void {
    this.buckets.push(bucket);
    this.locals.push(local);
    this.counts.push(count);
  }
}
