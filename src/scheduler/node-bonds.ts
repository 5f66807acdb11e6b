import { Pid } from "../term/pid.ts";
import type { Process } from "../process/process.ts";
import type { NameOnNode } from "../process/signal.ts";

/**
 * Which processes have links or monitors with another node, or with another scheduler of this one: those to be told when
 * it is gone. Counts, so that a process leaves when its last bond does.
 */
export class NodeBonds {
  readonly #index: number;
  readonly #ownNode: string;
  readonly #places = new Map<string, Map<Process, number>>();

  constructor(ownNode: string, index: number) {
    this.#ownNode = ownNode;
    this.#index = index;
  }

  /** Bonds to elsewhere: 0 when nothing is left. */
  get size(): number {
    let size = 0;
    for (const processes of this.#places.values()) size += processes.size;
    return size;
  }

  add(process: Process, peer: Pid | NameOnNode): void {
    const place = this.#placeOf(peer);
    if (place === undefined) return;
    let processes = this.#places.get(place);
    if (processes === undefined) this.#places.set(place, (processes = new Map()));
    processes.set(process, (processes.get(process) ?? 0) + 1);
  }

  remove(process: Process, peer: Pid | NameOnNode, less = 1): void {
    const place = this.#placeOf(peer);
    if (place === undefined) return;
    const processes = this.#places.get(place);
    const count = processes?.get(process);
    if (processes === undefined || count === undefined) return;
    if (count > less) processes.set(process, count - less);
    else if (processes.size > 1) processes.delete(process);
    else this.#places.delete(place);
  }

  /** The processes with bonds to a node, by its name. */
  ofNode(node: string): Process[] {
    return [...(this.#places.get(node)?.keys() ?? [])];
  }

  /** The processes with bonds to another scheduler of this node. */
  ofScheduler(scheduler: number): Process[] {
    return [...(this.#places.get(`#${scheduler}`)?.keys() ?? [])];
  }

  #placeOf(peer: Pid | NameOnNode): string | undefined {
    if (peer instanceof Pid && peer.isLocal()) {
      const { scheduler } = peer;
      return scheduler === this.#index ? undefined : `#${scheduler}`;
    }
    return peer.node === this.#ownNode ? undefined : peer.node;
  }
}
