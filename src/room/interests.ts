/** Who follows which room: schedulers of other nodes, and other schedulers of this node. */

/** Where a room's messages go from this scheduler. Lists, since every publish walks them. */
export interface Followers {
  /** Nodes; each gets one message, however many of its schedulers follow. */
  readonly nodes: readonly string[];
  /** Other schedulers of this node. */
  readonly locals: readonly number[];
}

class Interest implements Followers {
  readonly byNode = new Map<string, Set<number>>();
  /** The newest question of each that was heard of. */
  readonly questions = new Map<number, number>();
  nodes: readonly string[] = [];
  locals: readonly number[] = [];

  get isEmpty(): boolean {
    return this.nodes.length === 0 && this.locals.length === 0;
  }
}

export class Interests {
  readonly #rooms = new Map<string, Interest>();

  /** Rooms that somebody elsewhere follows. */
  get size(): number {
    return this.#rooms.size;
  }

  of(room: string): Followers | undefined {
    return this.#rooms.get(room);
  }

  addNode(room: string, node: string, scheduler: number): void {
    const interest = this.#interest(room);
    const schedulers = interest.byNode.get(node);
    if (schedulers !== undefined) {
      schedulers.add(scheduler);
      return;
    }
    interest.byNode.set(node, new Set([scheduler]));
    interest.nodes = [...interest.byNode.keys()];
  }

  /** `question`: the one that it asked, or whose answer goes to it. */
  addLocal(room: string, scheduler: number, question: number): void {
    const interest = this.#interest(room);
    const before = interest.questions.get(scheduler) ?? 0;
    interest.questions.set(scheduler, Math.max(before, question));
    if (!interest.locals.includes(scheduler)) interest.locals = [...interest.locals, scheduler];
  }

  removeNode(room: string, node: string, scheduler: number): void {
    const interest = this.#rooms.get(room);
    const schedulers = interest?.byNode.get(node);
    if (interest === undefined || schedulers === undefined) return;
    schedulers.delete(scheduler);
    if (schedulers.size === 0) this.#dropNode(room, interest, node);
  }

  /**
   * `question`: its last one when it left. An answer to a later one may have passed here already, on another way: then it
   * has come back meanwhile.
   */
  removeLocal(room: string, scheduler: number, question: number): void {
    const interest = this.#rooms.get(room);
    if (interest === undefined || (interest.questions.get(scheduler) ?? 0) > question) return;
    this.#dropLocal(room, interest, scheduler);
  }

  nodeDown(node: string): void {
    for (const [room, interest] of this.#rooms) {
      if (interest.byNode.has(node)) this.#dropNode(room, interest, node);
    }
  }

  schedulerDown(scheduler: number): void {
    for (const [room, interest] of this.#rooms) this.#dropLocal(room, interest, scheduler);
  }

  #interest(room: string): Interest {
    let interest = this.#rooms.get(room);
    if (interest === undefined) this.#rooms.set(room, (interest = new Interest()));
    return interest;
  }

  #dropNode(room: string, interest: Interest, node: string): void {
    interest.byNode.delete(node);
    interest.nodes = [...interest.byNode.keys()];
    if (interest.isEmpty) this.#rooms.delete(room);
  }

  #dropLocal(room: string, interest: Interest, scheduler: number): void {
    if (!interest.locals.includes(scheduler)) return;
    interest.locals = interest.locals.filter((other) => other !== scheduler);
    interest.questions.delete(scheduler);
    if (interest.isEmpty) this.#rooms.delete(room);
  }
}
