import type { NamesOutput } from "./names-io.ts";

interface Mark {
  /** Nodes that have not answered. */
  readonly nodes: Set<string>;
  readonly waiters: readonly number[];
}

/**
 * Waits until every connected node has in its view what was said before: nodes that are lost need not answer, nodes that
 * come up meanwhile have to. All who begin to wait in one event share a mark: one question to each node, one answer.
 */
export class NameMarks {
  readonly #peers: ReadonlyMap<string, unknown>;
  readonly #emit: (output: NamesOutput) => void;
  readonly #marks = new Map<number, Mark>();
  readonly #waiters = new Map<number, () => void>();
  /** Who waits for the mark that is sent next. */
  #unsent: number[] = [];
  #nextMark = 1;
  #nextWaiter = 1;

  constructor(peers: ReadonlyMap<string, unknown>, emit: (output: NamesOutput) => void) {
    this.#peers = peers;
    this.#emit = emit;
  }

  get size(): number {
    return this.#marks.size + this.#waiters.size;
  }

  /** Calls `passed` when all have it, at once if there is nobody. @returns what `forget` takes */
  set(passed: () => void): number {
    const waiter = this.#nextWaiter++;
    if (this.#peers.size === 0) {
      passed();
      return waiter;
    }
    this.#waiters.set(waiter, passed);
    this.#unsent.push(waiter);
    return waiter;
  }

  forget(waiter: number): void {
    this.#waiters.delete(waiter);
  }

  /** Asks the nodes. For when all that they are to have has been said. */
  send(): void {
    if (this.#unsent.length === 0) return;
    const id = this.#nextMark++;
    const mark = { nodes: new Set<string>(), waiters: this.#unsent };
    this.#unsent = [];
    this.#marks.set(id, mark);
    for (const peer of this.#peers.keys()) {
      mark.nodes.add(peer);
      this.#ask(peer, id);
    }
    this.#check(id, mark);
  }

  confirmed(peer: string, id: number): void {
    const mark = this.#marks.get(id);
    if (mark?.nodes.delete(peer) === true) this.#check(id, mark);
  }

  nodeUp(peer: string): void {
    for (const [id, mark] of this.#marks) {
      mark.nodes.add(peer);
      this.#ask(peer, id);
    }
  }

  nodeDown(peer: string): void {
    for (const [id, mark] of [...this.#marks]) {
      if (mark.nodes.delete(peer)) this.#check(id, mark);
    }
  }

  #check(id: number, mark: Mark): void {
    if (mark.nodes.size > 0 || !this.#marks.delete(id)) return;
    for (const waiter of mark.waiters) {
      const passed = this.#waiters.get(waiter);
      if (this.#waiters.delete(waiter)) passed?.();
    }
  }

  #ask(peer: string, mark: number): void {
    this.#emit({ kind: "send", peer, message: { kind: "confirm", mark } });
  }
}
