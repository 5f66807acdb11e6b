/** Process groups under fire: members on every scheduler that join, leave, publish and end; one process on each watches. */
import { group } from "../../../src/process/group.ts";
import type { Context, Pid } from "../../../src/process/api.ts";
import { define } from "../../../src/process/registry.ts";
import type { GroupChange } from "../../../src/process/system-message.ts";
import type { SimNode } from "../../../src/sim/sim-node.ts";
import { append, type Run, type Workload } from "../run.ts";

export const SCOPE = "sim";
export const GROUPS = ["red", "green", "blue"] as const;

type News = {
  readonly type: "news";
  readonly from: string;
  readonly group: string;
  readonly n: number;
};
type Order =
  | { readonly type: "join" | "leave" | "publish"; readonly group: string }
  | { readonly type: "quit" };

/** Members on each scheduler at its start. */
const MEMBERS = 2;

/** What the members and watchers of the run that goes on now did and saw. */
export interface GroupLog {
  /** How often each process is in each group, by its own doing; of those that ended too. */
  readonly memberships: Map<string, Map<string, number>>;
  /** Numbers published, by `publisher group`, and got, by `publisher group > member`. */
  readonly published: Map<string, number>;
  readonly got: Map<string, number[]>;
  /** By watcher: how often it believes each process to be in each group, by `group pid`. */
  readonly views: Map<string, Map<string, number>>;
  /** Changes that cannot be: who leaves without being there. */
  readonly strange: string[];
}

const fresh = (): GroupLog => ({
  memberships: new Map(),
  published: new Map(),
  got: new Map(),
  views: new Map(),
  strange: [],
});

export let groupLog = fresh();

const named = (name: string) => group<News>(name, SCOPE);

const member = define("sim.member", async (ctx: Context<News | Order>) => {
  const self = ctx.self.toString();
  const log = groupLog;
  const mine = new Map<string, number>();
  log.memberships.set(self, mine);
  for (;;) {
    const message = await ctx.receive();
    switch (message.type) {
      case "join":
        ctx.groups.join(named(message.group), ctx.self as Pid<News>);
        mine.set(message.group, (mine.get(message.group) ?? 0) + 1);
        break;
      case "leave":
        ctx.groups.leave(named(message.group), ctx.self);
        mine.set(message.group, Math.max(0, (mine.get(message.group) ?? 0) - 1));
        break;
      case "publish": {
        const key = `${self} ${message.group}`;
        const n = (log.published.get(key) ?? 0) + 1;
        log.published.set(key, n);
        ctx.groups.publish(named(message.group), {
          type: "news",
          from: self,
          group: message.group,
          n,
        });
        break;
      }
      case "news":
        append(log.got, `${message.from} ${message.group} > ${self}`, message.n);
        break;
      case "quit":
        return;
    }
  }
});

/** Keeps what it is told of the scope. */
const watcher = define("sim.watcher", async (ctx: Context<GroupChange>) => {
  const self = ctx.self.toString();
  const log = groupLog;
  const view = new Map<string, number>();
  log.views.set(self, view);
  const count = (name: string, pid: Pid<unknown>, by: 1 | -1): void => {
    const key = `${name} ${pid.toString()}`;
    const next = (view.get(key) ?? 0) + by;
    if (next < 0) log.strange.push(`${self} is told that ${key} leaves, which was not there`);
    else if (next === 0) view.delete(key);
    else view.set(key, next);
  };
  const { members } = ctx.groups.monitor({ scope: SCOPE });
  for (const [name, pids] of members) for (const pid of pids) count(name, pid, 1);
  for await (const { group: name, joined, left } of ctx.messages()) {
    for (const pid of left) count(name, pid, -1);
    for (const pid of joined) count(name, pid, 1);
  }
});

function start(run: Run, node: SimNode, place: number, what: unknown, functionName: string): void {
  const { scheduler } = node.schedulers[place]!;
  run.at(node, place, () => {
    const plan = { functionName, parent: undefined, name: undefined, mailboxMax: undefined };
    scheduler.spawn(what as never, [], plan);
  });
}

/** Groups whose members come, go and publish. */
export const groups: Workload = {
  name: "groups",
  functions: ["sim.member", "sim.watcher"],
  begin() {
    groupLog = fresh();
  },
  started(run, _short, node) {
    for (const place of node.schedulers.keys()) {
      for (let count = 0; count < MEMBERS; count++) start(run, node, place, member, "sim.member");
      start(run, node, place, watcher, "sim.watcher");
    }
  },
  step(run) {
    const { random } = run;
    for (let orders = random.below(4); orders > 0; orders--) {
      const at = run.one([...run.schedulers()]);
      const members = at?.scheduler.list().filter((one) => one.functionName === "sim.member") ?? [];
      if (at === undefined) return;
      if (members.length < MEMBERS) {
        start(run, at.node, at.scheduler.index - 1, member, "sim.member");
        continue;
      }
      const to = run.one(members)!.pid;
      const chance = random.below(20);
      const type = chance < 8 ? "join" : chance < 13 ? "leave" : "publish";
      const order =
        chance === 19 ? { type: "quit" } : { type, group: GROUPS[random.below(GROUPS.length)] };
      run.at(at.node, at.scheduler.index - 1, () => {
        if (chance === 18) at.scheduler.dispatch({ kind: "exit", from: to, to, reason: "kill" });
        else at.scheduler.dispatch({ kind: "message", from: undefined, to, message: order });
      });
    }
  },
  end(run) {
    for (const { node, scheduler } of run.schedulers()) {
      run.at(node, scheduler.index - 1, () => {
        for (const { pid, functionName } of scheduler.list()) {
          if (functionName !== "sim.member" && functionName !== "sim.watcher") continue;
          scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
        }
      });
    }
  },
};
