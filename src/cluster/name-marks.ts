import type { NamesOutput } from "./names-io.ts";

interface Mark {
  readonly waiting: Set<string>;
  readonly passed: () => void;
}

/**
 * Waits until every connected node has in its view what was said before: nodes that are lost need not answer, nodes that
 * come up meanwhile have to.
 */
export class NameMarks {
  readonly #peers: ReadonlyMap<string, unknown>;
  readonly #emit: (output: NamesOutput) => void;
  readonly #marks = new Map<number, Mark>();
  #next = 1;

  constructor(peers: ReadonlyMap<string, unknown>, emit: (output: NamesOutput) => void) {
    this.#peers = peers;
    this.#emit = emit;
  }

  get size(): number {
    return this.#marks.size;
  }

  /** Calls `passed` when all have it, at once if there is nobody. @returns what `forget` takes */
  set(passed: () => void): number {
    const mark = this.#next++;
    if (this.#peers.size === 0) {
      passed();
      return mark;
    }
    this.#marks.set(mark, { waiting: new Set(this.#peers.keys()), passed });
    for (const peer of this.#peers.keys()) this.#ask(peer, mark);
    return mark;
  }

  forget(mark: number): void {
    this.#marks.delete(mark);
  }

  confirmed(peer: string, id: number): void {
    const mark = this.#marks.get(id);
    if (mark?.waiting.delete(peer) === true) this.#check(id, mark);
  }

  nodeUp(peer: string): void {
    for (const [id, mark] of this.#marks) {
      mark.waiting.add(peer);
      this.#ask(peer, id);
    }
  }

  nodeDown(peer: string): void {
    for (const [id, mark] of [...this.#marks]) {
      if (mark.waiting.delete(peer)) this.#check(id, mark);
    }
  }

  #check(id: number, mark: Mark): void {
    if (mark.waiting.size > 0 || !this.#marks.delete(id)) return;
    mark.passed();
  }

  #ask(peer: string, mark: number): void {
    this.#emit({ kind: "send", peer, message: { kind: "confirm", mark } });
  }
}
