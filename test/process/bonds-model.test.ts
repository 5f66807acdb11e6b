/** Links and monitors against a model that knows everything at once; on one scheduler and on two. */
import { expect, test } from "bun:test";
import fc from "fast-check";

import type { Context, Pid, Ref } from "../../src/process/api.ts";
import { Down, Exit, type SystemMessage } from "../../src/process/system-message.ts";
import { TestSchedulers } from "../support/two-schedulers.ts";

const PROCESSES = 5;

class Actor {
  readonly scheduler: number;
  readonly ctx: Context<SystemMessage>;
  alive = true;
  trapping = false;
  /** What it should have received so far, as text. */
  readonly expected: string[] = [];

  constructor(scheduler: number, ctx: Context<SystemMessage>) {
    this.scheduler = scheduler;
    this.ctx = ctx;
  }
}

interface ModelMonitor {
  readonly watcher: number;
  readonly target: number;
  readonly ref: Ref;
  live: boolean;
}

/** The world as the model sees it, beside the real one. */
class World {
  readonly node: TestSchedulers;
  readonly actors: Actor[] = [];
  readonly links = new Set<string>();
  readonly monitors: ModelMonitor[] = [];

  constructor(schedulers: number) {
    this.node = new TestSchedulers(schedulers, false);
  }

  async start(): Promise<void> {
    const { schedulers } = this.node;
    for (let index = 0; index < PROCESSES; index++) {
      const scheduler = schedulers[index % schedulers.length]!;
      const body = async (ctx: Context<SystemMessage>): Promise<void> => {
        this.actors[index] = new Actor(scheduler.index, ctx);
        await new Promise(() => {});
      };
      const plan = {
        functionName: "actor",
        parent: undefined,
        name: undefined,
        mailboxMax: undefined,
      };
      scheduler.spawn(body as never, [], plan);
    }
    await this.node.settled();
  }

  /** The pid of an actor as another one knows it. */
  pid(of: number, seenBy: number): Pid {
    const identities = this.node.identities[this.actors[seenBy]!.scheduler - 1]!;
    return identities.pid(identities.local, this.actors[of]!.ctx.self.local) as Pid;
  }

  /** The model's side of an exit: who dies with it, and who hears what. */
  end(index: number, reason: string): void {
    const actor = this.actors[index]!;
    if (!actor.alive) return;
    actor.alive = false;
    for (const monitor of this.monitors) {
      if (!monitor.live) continue;
      if (monitor.watcher === index) monitor.live = false;
      if (monitor.target !== index || monitor.watcher === index) continue;
      monitor.live = false;
      this.actors[monitor.watcher]!.expected.push(`down ${index} ${reason}`);
    }
    for (let peer = 0; peer < PROCESSES; peer++) {
      if (!this.links.delete(linkKey(index, peer))) continue;
      if (this.actors[peer]!.trapping) this.actors[peer]!.expected.push(`exit ${index} ${reason}`);
      else if (reason !== "normal") this.end(peer, reason);
    }
  }

  check(): void {
    for (const [index, actor] of this.actors.entries()) {
      const scheduler = this.node.schedulers[actor.scheduler - 1]!;
      const snapshot = scheduler.inspect(actor.ctx.self as unknown as Pid);
      expect(snapshot !== undefined).toBe(actor.alive);
      if (snapshot === undefined) continue;
      const linked = snapshot.links.map((pid) => this.#indexOf(pid)).toSorted((a, b) => a - b);
      const expected = [...Array(PROCESSES).keys()].filter((peer) =>
        this.links.has(linkKey(index, peer)),
      );
      expect(linked).toEqual(expected);
      const watches = (side: "watcher" | "target"): number =>
        this.monitors.filter((monitor) => monitor.live && monitor[side] === index).length;
      expect(snapshot.monitors.length).toBe(watches("watcher"));
      expect(snapshot.monitoredBy.length).toBe(watches("target"));
    }
  }

  /** What the mailboxes hold is what the model says, whatever the order between senders. */
  async drain(): Promise<void> {
    for (const actor of this.actors) {
      if (!actor.alive) continue;
      const got: string[] = [];
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- a receive loop
        const message = await actor.ctx.receive({ timeoutMs: 0 });
        if (message === undefined) break;
        if (message instanceof Down) {
          got.push(`down ${this.#indexOf(message.target as Pid)} ${String(message.reason)}`);
        } else if (message instanceof Exit) {
          got.push(`exit ${this.#indexOf(message.from)} ${String(message.reason)}`);
        }
      }
      expect(got.toSorted()).toEqual(actor.expected.toSorted());
    }
  }

  #indexOf(pid: Pid): number {
    return this.actors.findIndex(({ ctx }) => ctx.self.local === pid.local);
  }
}

const linkKey = (a: number, b: number): string => [a, b].toSorted((x, y) => x - y).join("-");

interface Step {
  readonly kind: "link" | "unlink" | "monitor" | "demonitor" | "trap" | "exit";
  readonly a: number;
  readonly b: number;
}

const step = fc.record({
  kind: fc.constantFrom<Step["kind"]>(
    ...(["link", "link", "unlink", "monitor", "monitor", "demonitor", "trap", "exit"] as const),
  ),
  a: fc.nat(PROCESSES - 1),
  b: fc.nat(PROCESSES - 1),
});

/** Does a step in both worlds. */
function take(world: World, { kind, a, b }: Step): void {
  const actor = world.actors[a]!;
  if (!actor.alive) return;
  const ctx = actor.ctx as unknown as Context<Down | Exit>;
  const to = world.pid(b, a);
  const targetAlive = world.actors[b]!.alive;
  switch (kind) {
    case "link":
      ctx.link(to);
      if (a === b) return;
      if (targetAlive) world.links.add(linkKey(a, b));
      else if (actor.trapping) actor.expected.push(`exit ${b} noproc`);
      else world.end(a, "noproc");
      return;
    case "unlink":
      ctx.unlink(to);
      world.links.delete(linkKey(a, b));
      return;
    case "monitor": {
      const ref = (ctx as unknown as { monitor(pid: Pid): Ref }).monitor(to);
      if (a === b) return;
      world.monitors.push({ watcher: a, target: b, ref, live: targetAlive });
      if (!targetAlive) actor.expected.push(`down ${b} noproc`);
      return;
    }
    case "demonitor": {
      const monitor = world.monitors.find(({ live, watcher }) => live && watcher === a);
      if (monitor === undefined) return;
      ctx.demonitor(monitor.ref);
      monitor.live = false;
      return;
    }
    case "trap":
      actor.trapping = !actor.trapping;
      (ctx as unknown as { trapExit(on: boolean): void }).trapExit(actor.trapping);
      return;
    case "exit": {
      if (!targetAlive) return;
      world.end(b, "killed");
      ctx.sendExit(to, "kill");
    }
  }
}

for (const schedulers of [1, 2]) {
  test(`links and monitors of ${PROCESSES} processes on ${schedulers} scheduler(s) are what a model says`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const world = new World(schedulers);
        await world.start();
        for (const one of steps) {
          try {
            take(world, one);
          } catch (error) {
            // A process that ends itself by its own call is thrown out of it.
            expect((error as Error).name).toBe("ProcessExit");
          }
          // oxlint-disable-next-line no-await-in-loop -- the model knows no delay
          await world.node.settled();
          world.check();
        }
        await world.drain();
        world.node.stop();
        await world.node.settled();
        expect(world.node.leaks()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
}
