import { describe, expect, test } from "bun:test";

import type { DialTarget } from "../../src/cluster/dialling-io.ts";
import { DnsSeeds } from "../../src/node/control/mesh/dns-seeds.ts";
import type { Timer } from "../../src/port/clock.ts";

/** A resolver whose answers the test writes, and a clock that it turns. */
class World {
  now = 0;
  /** `undefined`: the name cannot be resolved. */
  answer: readonly string[] | undefined = [];
  looks: number[] = [];
  readonly seeds = new Set<string>();
  readonly said: string[] = [];
  #due: { readonly at: number; readonly callback: () => void } | undefined;

  readonly made = new DnsSeeds({
    place: { host: "nodes.test", port: 4_369 },
    dns: {
      addresses: () => {
        this.looks.push(this.now);
        const { answer } = this;
        return answer === undefined ? Promise.reject(new Error("lost")) : Promise.resolve(answer);
      },
    },
    clock: {
      now: () => this.now,
      wall: () => this.now,
      setTimer: (afterMs, callback) => {
        this.#due = { at: this.now + afterMs, callback };
        return this.#due as Timer;
      },
      clearTimer: () => void (this.#due = undefined),
      afterIo: (callback) => callback(),
    },
    random: () => 0.5,
    log: { write: (level, text) => void this.said.push(`${level} ${text}`) },
    seeds: {
      addSeed: (target) => void this.seeds.add(nameOf(target)),
      removeSeed: (target) => void this.seeds.delete(nameOf(target)),
    },
  });

  /** Lets the answer that is on its way arrive. */
  async answered(): Promise<this> {
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    return this;
  }

  /** Turns the clock to the next look. */
  async next(answer: readonly string[] | undefined): Promise<readonly string[]> {
    const due = this.#due;
    if (due === undefined) throw new Error("nobody will look again");
    this.answer = answer;
    this.#due = undefined;
    this.now = Math.max(this.now, due.at);
    due.callback();
    await this.answered();
    return [...this.seeds].sort();
  }

  get isDone(): boolean {
    return this.#due === undefined;
  }
}

const nameOf = ({ name, address }: DialTarget): string =>
  `${name ?? ""}${address?.host}:${address?.port}`;

describe("seeds from dns", () => {
  test("every address behind the name is a seed, for as long as it is there", async () => {
    const world = new World();
    await world.answered();
    expect(await world.next(["10.0.0.1", "10.0.0.2"])).toEqual(["10.0.0.1:4369", "10.0.0.2:4369"]);
    expect(await world.next(["10.0.0.2", "10.0.0.3"])).toEqual(["10.0.0.2:4369", "10.0.0.3:4369"]);
  });

  test("a resolver that fails or forgets takes no seed away, and is complained about once", async () => {
    const world = new World();
    await world.answered();
    await world.next(["10.0.0.1"]);
    world.said.length = 0;
    expect(await world.next(undefined)).toEqual(["10.0.0.1:4369"]);
    expect(await world.next([])).toEqual(["10.0.0.1:4369"]);
    const complaint = "cluster.dns cannot be resolved";
    expect(world.said).toEqual([`warn ${complaint}`, `debug ${complaint}`]);
  });

  test("looks grow further apart to ten seconds, and a change makes them frequent again", async () => {
    const world = new World();
    await world.answered();
    for (let look = 0; look < 8; look++) await world.next(["10.0.0.1"]);
    expect(world.looks.at(-1)! - world.looks.at(-2)!).toBe(10_000);
    await world.next(["10.0.0.2"]);
    await world.next(["10.0.0.2"]);
    expect(world.looks.at(-1)! - world.looks.at(-2)!).toBe(1_000);
  });

  test("a lost session is a reason to look at once, and many are one reason", async () => {
    const world = new World();
    await world.answered();
    for (let look = 0; look < 8; look++) await world.next(["10.0.0.1"]);
    world.now += 5_000;
    const lostAt = world.now;
    for (let lost = 0; lost < 10; lost++) world.made.lookSoon();
    await world.next(["10.0.0.1"]);
    expect(world.looks.at(-1)).toBe(lostAt);
    world.made.lookSoon();
    await world.next(["10.0.0.1"]);
    expect(world.looks.at(-1)).toBe(lostAt + 1_000);
  });

  test("after the end nobody looks", async () => {
    const world = new World();
    world.made.close();
    await world.answered();
    world.made.lookSoon();
    expect(world.isDone).toBe(true);
    expect(world.seeds.size).toBe(0);
  });
});
