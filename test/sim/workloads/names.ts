/** Global names: processes on every node that claim a few of them, under any rule for conflicts, and end or are ended. */
import type { Context, OnConflict, Pid } from "../../../src/process/api.ts";
import { NameError } from "../../../src/base/error.ts";
import { define } from "../../../src/process/registry.ts";
import type { NameConflict } from "../../../src/process/system-message.ts";
import type { SimNode } from "../../../src/sim/sim-node.ts";
import type { Run, Workload } from "../run.ts";

/** Names that are only registered, and go with their holders. */
export const PLAIN = ["plain.0", "plain.1", "plain.2"] as const;
/** Names that are taken away and given to others too. */
export const WILD = ["wild.0", "wild.1"] as const;

/** Milliseconds that a registration waits; the short ones end in the middle of it. */
const WAITS_MS = [2, 3, 5, 50, 500, 2_000];
/** Claims to one name at once, when they are to cross. */
const CROSSING = 3;

/** One process's claim to a name. */
export interface NameClaim {
  readonly name: string;
  readonly pid: string;
  readonly since: number;
  readonly timeoutMs: number;
  /** When it was answered; undefined: it has not been. */
  answeredAt: number | undefined;
  /** 0: it was not registered. */
  fence: number;
  problem: string;
}

/** What one process was told. */
export interface Told {
  readonly at: number;
  readonly name: string;
  readonly kept: string;
  readonly lost: string;
  readonly fence: number;
}

class NamesLog {
  readonly claims: NameClaim[] = [];
  readonly told = new Map<string, Told[]>();
  /** Holders that a node did not see when they were told that it does. */
  unseen: {
    readonly name: string;
    readonly pid: string;
    readonly node: string;
    readonly at: number;
  }[] = [];
}

/** Of the run that goes on now. */
export let namesLog = new NamesLog();
let current: Run;

/** What a node's scheduler finds under a name. */
export const seenAt = (node: SimNode, place: number, name: string): string | undefined =>
  node.schedulers[place]?.scheduler.services.whereisGlobal(name)?.toString();

/** The holder's node sees nodes that see it: each of them has to find the name when it is registered. */
function checkSeen(claim: NameClaim, ctx: Context<never>): void {
  for (const node of current.world.nodes.values()) {
    if (node.name === ctx.node.name || !ctx.node.list().includes(node.name)) continue;
    for (const [place, { nodeLink }] of node.schedulers.entries()) {
      if (!nodeLink.list().includes(ctx.node.name)) continue;
      if (seenAt(node, place, claim.name) !== undefined) continue;
      const { name, pid } = claim;
      namesLog.unseen.push({ name, pid, node: node.name, at: current.now });
    }
  }
}

/** Claims a name and lives on, whatever came of it, until it is ended. */
const holder = define(
  "sim.names.holder",
  async (
    ctx: Context<NameConflict>,
    name: string,
    order: { readonly timeoutMs: number; readonly rule: number; readonly replace: boolean },
  ) => {
    const pid = ctx.self.toString();
    const { timeoutMs } = order;
    const claim: NameClaim = {
      ...{ name, pid, since: current.now, timeoutMs },
      ...{ answeredAt: undefined, fence: 0, problem: "" },
    };
    namesLog.claims.push(claim);
    const options = { timeoutMs, onConflict: RULES[order.rule]! };
    const asked = order.replace
      ? ctx.global.reregister(name, ctx.self as Pid, options)
      : ctx.global.register(name, ctx.self as Pid, options);
    void asked.then(
      ({ fence }) => {
        claim.answeredAt = current.now;
        claim.fence = fence;
        if (name.startsWith("plain")) checkSeen(claim, ctx as unknown as Context<never>);
      },
      (error: unknown) => {
        claim.answeredAt = current.now;
        claim.problem = error instanceof NameError ? error.code : "ended";
      },
    );
    for (;;) {
      const { name: lost, ...message } = await ctx.receive("nameconflict");
      const list = namesLog.told.get(pid) ?? [];
      const [kept, loser] = [message.kept.toString(), message.lost.toString()];
      list.push({ at: current.now, name: lost, kept, lost: loser, fence: message.fence });
      namesLog.told.set(pid, list);
    }
  },
);

const takesSecond = define(
  "sim.names.second",
  async (ctx: Context<never>, _name: string, _first: Pid<unknown>, second: Pid<unknown>) => {
    await ctx.sleep(20);
    return second as unknown as Pid;
  },
);
const fails = define(
  "sim.names.fails",
  async (_ctx: Context<never>, _name: string, _first: Pid<unknown>, _second: Pid<unknown>) =>
    "nobody" as unknown as Pid,
);

const RULES: readonly OnConflict[] = [
  ...(["exit_loser", "exit_loser", "keep_first", "tell_both"] as const),
  takesSecond,
  fails,
];

/** Gives a name up, whoever holds it. */
const remover = define("sim.names.remover", async (ctx: Context<never>, name: string) => {
  await ctx.global.unregister(name, { timeoutMs: 500 }).catch(() => undefined);
});

const FUNCTIONS = [holder, remover, takesSecond, fails].map(({ functionName }) => functionName);

function start(run: Run, fn: unknown, functionName: string, args: readonly unknown[]): void {
  const all = [...run.schedulers()];
  const one = run.one(all);
  if (one === undefined) return;
  const plan = { functionName, parent: undefined, name: undefined, mailboxMax: undefined };
  run.at(one.node, one.scheduler.index - 1, () => {
    one.scheduler.spawn(fn as never, args, plan);
  });
}

function killOne(run: Run): void {
  const one = run.one([...run.schedulers()]);
  const victim = run.one(
    one?.scheduler.list().filter(({ functionName }) => functionName === holder.functionName) ?? [],
  );
  if (one === undefined || victim === undefined) return;
  run.at(one.node, one.scheduler.index - 1, () => {
    one.scheduler.dispatch({ kind: "exit", from: victim.pid, to: victim.pid, reason: "kill" });
  });
}

export const names: Workload = {
  name: "names",
  functions: FUNCTIONS,
  begin(run) {
    current = run;
    namesLog = new NamesLog();
  },
  step(run) {
    const { random } = run;
    const what = random.below(24);
    if (what < 5) {
      const isWild = random.below(3) === 0;
      const name = isWild ? run.one(WILD)! : run.one(PLAIN)!;
      for (let count = random.below(3) === 0 ? CROSSING : 1; count > 0; count--) {
        const order = {
          timeoutMs: run.one(WAITS_MS)!,
          rule: random.below(RULES.length),
          replace: isWild && random.below(2) === 0,
        };
        start(run, holder, holder.functionName, [name, order]);
      }
    } else if (what < 7) killOne(run);
    else if (what === 7) start(run, remover, remover.functionName, [run.one(WILD)!]);
  },
  end(run) {
    for (const { node, scheduler } of run.schedulers()) {
      run.at(node, scheduler.index - 1, () => {
        for (const { pid, functionName } of scheduler.list()) {
          if (!functionName.startsWith("sim.names.")) continue;
          scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
        }
      });
    }
  },
};
