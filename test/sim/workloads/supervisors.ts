/** Supervisors under fire: on every node one, with children on this and on other nodes, that are killed again and again. */
import { child } from "../../../src/behaviour/supervisor/child.ts";
import { defineSupervisor } from "../../../src/behaviour/supervisor/supervisor.ts";
import type { Child } from "../../../src/behaviour/supervisor/supervisor-api.ts";
import type { Context, ExitReason } from "../../../src/process/api.ts";
import { define } from "../../../src/process/registry.ts";
import type { SimNode } from "../../../src/sim/sim-node.ts";
import type { Pid } from "../../../src/term/pid.ts";
import type { Run, Workload } from "../run.ts";

/** Restarts that each supervisor of the load allows, and within how many milliseconds. */
export const INTENSITY = 4;
export const PERIOD_MS = 1_000;

/** Of each supervisor: the first child beside it, the second on one other node, the third wherever it can be. */
export const CHILDREN = ["near", "far", "anywhere"] as const;

/** A worker that began to run. */
export interface Birth {
  readonly supervisor: string;
  readonly id: string;
  readonly pid: string;
  /** The pid itself: what runs on a namesake that started in the same millisecond may have the same text. */
  readonly self: Pid;
  readonly at: number;
}

export interface SupervisorEntry {
  readonly key: string;
  readonly strategy: string;
  pid: string | undefined;
  readonly births: Birth[];
}

/** What the supervisors of the run that goes on now did. */
export let supervisorLog = new Map<string, SupervisorEntry>();
let current: Run;

const worker = define(
  "sim.worker",
  async (
    ctx: Context<{ readonly type: "leave"; readonly reason: ExitReason }>,
    key: string,
    id: string,
  ) => {
    const { self } = ctx;
    const birth = { supervisor: key, id, pid: self.toString(), self, at: current.now };
    supervisorLog.get(key)?.births.push(birth);
    const { reason } = await ctx.receive();
    ctx.exit(reason);
  },
);

function childrenOf(key: string, nodes: readonly string[]): readonly Child[] {
  const [near, far, other] = nodes as readonly [string, string, string];
  const places = { near: undefined, far, anywhere: [other, far, near] };
  return CHILDREN.map((id) => {
    const on = places[id];
    const place = on === undefined ? {} : { on, scheduler: "spread" as const };
    return child({ id, start: worker, args: [key, id], shutdownMs: 200, ...place });
  });
}

const STRATEGIES = ["one_for_one", "one_for_all", "rest_for_one"] as const;
const definitions = STRATEGIES.map((strategy) =>
  defineSupervisor(`sim.supervisor.${strategy}`, {
    strategy,
    intensity: INTENSITY,
    periodMs: PERIOD_MS,
    children: (key: string, nodes: readonly string[]) => childrenOf(key, nodes),
  }),
);

/** Starts a supervisor, which lives on by itself. */
const operator = define(
  "sim.operator",
  async (ctx: Context<never>, key: string, strategy: number, nodes: readonly string[]) => {
    const entry = supervisorLog.get(key)!;
    try {
      const pid = await definitions[strategy]!.start(ctx, [key, nodes], { timeoutMs: 2_000 });
      entry.pid = pid.toString();
    } catch {
      // A node of its children is down: another one is started later.
    }
  },
);

function startOne(run: Run, node: SimNode): void {
  const key = `supervisor ${supervisorLog.size}`;
  const strategy = run.random.below(STRATEGIES.length);
  const others = [...run.world.nodes.values()]
    .filter((one) => one !== node)
    .map(({ name }) => name);
  if (others.length < 2) return;
  const far = others[run.random.below(others.length)]!;
  const other = others[run.random.below(others.length)]!;
  supervisorLog.set(key, { key, strategy: STRATEGIES[strategy]!, pid: undefined, births: [] });
  const place = run.random.below(node.schedulers.length);
  const { scheduler } = node.schedulers[place]!;
  run.at(node, place, () => {
    const plan = {
      functionName: "sim.operator",
      parent: undefined,
      name: undefined,
      mailboxMax: undefined,
    };
    scheduler.spawn(operator as never, [key, strategy, [node.name, far, other]], plan);
  });
}

/** Ends a worker, by a signal or by its own hand. */
function harm(run: Run): void {
  const all = [...run.schedulers()];
  const one = run.one(all);
  const workers = one?.scheduler.list().filter(({ functionName }) => functionName === "sim.worker");
  const victim = run.one(workers ?? []);
  if (one === undefined || victim === undefined) return;
  const place = one.scheduler.index - 1;
  run.at(one.node, place, () => {
    const to = victim.pid;
    if (run.random.below(2) === 0) {
      one.scheduler.dispatch({ kind: "exit", from: to, to, reason: "kill" });
    } else {
      const message = { type: "leave", reason: "tired" };
      one.scheduler.dispatch({ kind: "message", from: undefined, to, message });
    }
  });
}

/** Supervisors with children on several nodes, under all that the load does to them. */
export const supervisors: Workload = {
  name: "supervisors",
  functions: ["sim.worker", "sim.operator", ...definitions.map(({ functionName }) => functionName)],
  begin(run) {
    current = run;
    supervisorLog = new Map();
  },
  step(run) {
    const { random } = run;
    if (random.below(4) === 0) harm(run);
    if (random.below(8) !== 0) return;
    const node = run.one([...run.world.nodes.values()]);
    if (node === undefined) return;
    const there = node.schedulers.flatMap(({ scheduler }) => scheduler.list());
    const busy = there.some(({ functionName }) => /^sim\.(supervisor|operator)/.test(functionName));
    if (!busy) startOne(run, node);
  },
  end(run) {
    for (const { node, scheduler } of run.schedulers()) {
      run.at(node, scheduler.index - 1, () => {
        for (const { pid, functionName } of scheduler.list()) {
          if (!/^sim\.(supervisor|operator)/.test(functionName)) continue;
          scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
        }
      });
    }
  },
};
