/** What a scenario says has to hold: always, looked at after every event, or by some time. */
import { messageOf } from "../../base/error.ts";
import type { Millis } from "../../base/millis.ts";
import type { World } from "../world.ts";

interface Claim {
  readonly name: string;
  readonly holds: () => boolean;
}

export class ScenarioClaims {
  readonly #world: World;
  readonly #fail: (what: string, cause: unknown) => void;
  readonly #claims: Claim[] = [];
  /** `eventually` that are waited for. */
  #awaited = 0;

  /** `fail`: told of what does not hold. */
  constructor(world: World, fail: (what: string, cause: unknown) => void) {
    this.#world = world;
    this.#fail = fail;
  }

  /** Whether something is waited for that has to come true. */
  get isAwaiting(): boolean {
    return this.#awaited > 0;
  }

  check(): void {
    for (const { name, holds } of this.#claims) {
      try {
        if (!holds()) this.#fail(`always "${name}" does not hold`, undefined);
      } catch (error) {
        this.#fail(`always "${name}" threw: ${messageOf(error)}`, error);
      }
    }
  }

  always(name: string, holds: () => boolean): void {
    this.#claims.push({ name, holds });
    this.check();
  }

  /** Looked at after every event, like one that has to hold always and does not mind. Rejects when the time is up. */
  async eventually(name: string, withinMs: Millis, holds: () => boolean): Promise<void> {
    if (holds()) return;
    const met = Promise.withResolvers<void>();
    const watch: Claim = {
      name,
      holds: () => {
        if (holds()) met.resolve();
        return true;
      },
    };
    this.#awaited++;
    this.#claims.push(watch);
    this.#world.after(withinMs, () =>
      met.reject(new Error(`eventually "${name}" did not hold within ${withinMs} ms`)),
    );
    try {
      await met.promise;
    } finally {
      this.#awaited--;
      this.#claims.splice(this.#claims.indexOf(watch), 1);
    }
  }
}
