import type { Millis } from "../../base/millis.ts";
import { Alarm, type NameDesk } from "./name-desk.ts";

/** Milliseconds that two nodes between which this one stands may both hold a name before that is said. */
const DOUBLED_MS = 1_000;

/**
 * Names that two other nodes hold, which are not connected to each other: this node shows the one of them that claimed
 * first, and says so once. Between nodes that are connected it passes before it would be said.
 */
export class NameDoubles {
  readonly #desk: NameDesk;
  readonly #alarms = new Map<string, Alarm>();

  constructor(desk: NameDesk) {
    this.#desk = desk;
  }

  get size(): number {
    return this.#alarms.size;
  }

  /** What other nodes say of a name is different. */
  check(name: string, now: Millis): void {
    const isDoubled = this.#desk.holders.others(name).length > 1;
    const known = this.#alarms.get(name);
    if (isDoubled === (known !== undefined)) return;
    if (known !== undefined) {
      this.#desk.deadlines.clear(known);
      this.#alarms.delete(name);
      return;
    }
    const alarm = new Alarm(() => this.#tell(name));
    this.#alarms.set(name, alarm);
    this.#desk.deadlines.set(alarm, now + DOUBLED_MS);
  }

  #tell(name: string): void {
    const { holders } = this.#desk;
    const nodes = holders.others(name).map(({ node }) => node);
    const fields = { name, holders: nodes, shown: holders.shown(name)?.node };
    const text = "two nodes that do not see each other hold a name";
    this.#desk.emit({ kind: "log", level: "warn", text, fields });
  }
}
