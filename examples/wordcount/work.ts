import type { Pid } from "snow-node";

import type { Batch } from "./batches.ts";

/** Which mapper works on what. A batch is fresh, held by one mapper, lost with its mapper, or finished. */
export class Work {
  readonly #fresh: AsyncGenerator<Batch, undefined>;
  readonly #held = new Map<Pid<Batch>, Map<number, Batch>>();
  readonly #lost: Batch[] = [];
  #exhausted = false;

  constructor(fresh: AsyncGenerator<Batch, undefined>) {
    this.#fresh = fresh;
  }

  get mappers(): readonly Pid<Batch>[] {
    return [...this.#held.keys()];
  }

  /** Nothing left to hand out and nothing in anybody's hands. */
  get finished(): boolean {
    return (
      this.#exhausted &&
      this.#lost.length === 0 &&
      this.#held.values().every((batches) => batches.size === 0)
    );
  }

  join(mapper: Pid<Batch>): void {
    this.#held.set(mapper, new Map());
  }

  heldBy(mapper: Pid<Batch>): number {
    return this.#held.get(mapper)?.size ?? 0;
  }

  /** A batch for this mapper: one that was lost, else the next fresh one; `undefined` if there is none. */
  async take(mapper: Pid<Batch>): Promise<Batch | undefined> {
    const batch = this.#lost.pop() ?? (await this.#next());
    if (batch !== undefined) this.#held.get(mapper)?.set(batch.id, batch);
    return batch;
  }

  /** The batch that a mapper has done; `undefined` if it was given to somebody else meanwhile. */
  finish(mapper: Pid<Batch>, id: number): Batch | undefined {
    const batches = this.#held.get(mapper);
    const batch = batches?.get(id);
    batches?.delete(id);
    return batch;
  }

  /** Takes back what a dead mapper held; how many batches have to be done again. */
  leave(mapper: Pid<Batch>): number {
    const batches = this.#held.get(mapper);
    if (batches === undefined) return 0;
    this.#held.delete(mapper);
    this.#lost.push(...batches.values());
    return batches.size;
  }

  async #next(): Promise<Batch | undefined> {
    if (this.#exhausted) return undefined;
    const { value } = await this.#fresh.next();
    this.#exhausted = value === undefined;
    return value;
  }
}
