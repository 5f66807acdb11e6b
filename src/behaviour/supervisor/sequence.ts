/**
 * What a supervisor does in an order: its first start, the restart of a group, its end. Stops one after the other, then
 * starts; it waits for each, and is told when to go on.
 *
 *   stops, batch by batch, the last first ─► starts, one by one ─► over
 */
import type { Millis } from "../../base/millis.ts";
import type { Child, Children } from "./children.ts";
import type { Strategy } from "./restart.ts";
import type { ChildPolicy } from "./supervision-io.ts";

/** Milliseconds that the first start of a `one_for_one` tree waits for a child with a place before it goes on without such ones. */
const FIRST_START_MS: Millis = 1_000;

export type Purpose = "init" | "restart" | "exit";

export class Sequence<S extends ChildPolicy, P, F> {
  readonly purpose: Purpose;
  /** Of an exit. */
  readonly reason: unknown;
  readonly #children: Children<S, P, F>;
  readonly #strategy: Strategy;
  /** Batches, the next one last; those of a batch are stopped at the same time. */
  readonly #stops: Child<S, P, F>[][];
  /** Those of the present batch whose end has not been seen. */
  readonly #stopping = new Set<Child<S, P, F>>();
  /** Turned into starts when all stops are done. */
  readonly #group: readonly Child<S, P, F>[];
  /** The next one last. */
  #starts: Child<S, P, F>[] | undefined;
  #starting: Child<S, P, F> | undefined;
  /** False: children with a place are not waited for any more. */
  #isPatient = true;

  /** `ofInit`, `ofRestart` and `ofExit` make one. */
  constructor(
    children: Children<S, P, F>,
    strategy: Strategy,
    what: {
      readonly purpose: Purpose;
      readonly stops?: Child<S, P, F>[][];
      readonly group?: readonly Child<S, P, F>[];
      readonly starts?: Child<S, P, F>[];
      readonly reason?: unknown;
    },
  ) {
    this.#children = children;
    this.#strategy = strategy;
    this.purpose = what.purpose;
    this.reason = what.reason;
    this.#stops = what.stops ?? [];
    this.#group = what.group ?? [];
    this.#starts = what.starts;
  }

  /** Starts all children of a supervisor that begins. */
  static ofInit<S extends ChildPolicy, P, F>(
    children: Children<S, P, F>,
    strategy: Strategy,
  ): Sequence<S, P, F> {
    return new Sequence(children, strategy, {
      purpose: "init",
      starts: [...children.all()].reverse(),
    });
  }

  /** Stops a group, the last first, and starts it again. */
  static ofRestart<S extends ChildPolicy, P, F>(
    children: Children<S, P, F>,
    strategy: Strategy,
    group: readonly Child<S, P, F>[],
  ): Sequence<S, P, F> {
    const stops = group.map((child) => [child]);
    return new Sequence(children, strategy, { purpose: "restart", stops, group });
  }

  /** Stops all children: dynamic ones of `one_for_one` together, for they have no order, the others one by one, last first. */
  static ofExit<S extends ChildPolicy, P, F>(
    children: Children<S, P, F>,
    strategy: Strategy,
    reason: unknown,
  ): Sequence<S, P, F> {
    const together: Child<S, P, F>[] = [];
    const stops: Child<S, P, F>[][] = [];
    for (const child of children.all()) {
      if (child.isDynamic && strategy === "one_for_one") together.push(child);
      else stops.push([child]);
    }
    stops.push(together);
    return new Sequence(children, strategy, { purpose: "exit", stops, reason });
  }

  /** Whether this child's start is what is waited for. */
  isStarting(child: Child<S, P, F>): boolean {
    return this.#starting === child;
  }

  /** A child has started, or will not, or its end was seen: it is not waited for any more. */
  settled(child: Child<S, P, F>): void {
    this.#stopping.delete(child);
    if (this.#starting === child) this.#starting = undefined;
  }

  /** The first start has waited long enough for that child, and does not wait for others like it. */
  patienceOver(token: number): void {
    if (this.#starting?.token !== token) return;
    this.#isPatient = false;
    this.#starting = undefined;
  }

  /** Gives up the starts that are still to come, and says which. */
  dropStarts(): readonly Child<S, P, F>[] {
    return this.#starts?.splice(0) ?? [];
  }

  /** Goes as far as it can. False: it has to wait; true: it is over. */
  advance(): boolean {
    while (this.#stopping.size === 0) {
      const batch = this.#stops.pop();
      if (batch === undefined) break;
      for (const child of batch) {
        this.#children.stop(child);
        if (child.state === "stopping") this.#stopping.add(child);
      }
    }
    if (this.#stopping.size > 0 || this.#starting !== undefined) return false;
    this.#starts ??= this.#turnToStarts();
    for (;;) {
      const child = this.#starts.pop();
      if (child === undefined) return true;
      if (child.state !== "waiting") continue;
      this.#starting = child;
      this.#children.start(child, { isRestart: this.purpose === "restart" });
      if (this.purpose !== "init" || this.#strategy !== "one_for_one") return false;
      if (child.spec.onNodeDown === undefined) return false;
      if (this.#isPatient) {
        this.#children.limitPatience(child, FIRST_START_MS);
        return false;
      }
      this.#starting = undefined;
    }
  }

  /** Temporary children are never started again, not even after they were stopped with others. */
  #turnToStarts(): Child<S, P, F>[] {
    const starts = this.#group.filter(
      (child) => this.#children.find(child.spec.id) === child && child.state === "stopped",
    );
    for (const child of starts) child.state = "waiting";
    return starts.reverse();
  }
}
