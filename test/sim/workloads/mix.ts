/**
 * The random mix: processes on every node that send to each other, link and monitor each other, spawn on other nodes,
 * call each other, and end, as chance tells them; each writes down what it sees.
 */
import { Prng } from "../../../src/base/prng.ts";
import type { Down, Exit, NodeDown, NodeUp } from "../../../src/index.ts";
import { CallError, MessageTooLarge, SpawnError } from "../../../src/base/error.ts";
import type { Context, Pid } from "../../../src/process/api.ts";
import { ProcessExit } from "../../../src/process/exit-reason.ts";
import { define } from "../../../src/process/registry.ts";
import type { SimNode } from "../../../src/sim/sim-node.ts";
import { Pid as PidClass } from "../../../src/term/pid.ts";
import type { Ref } from "../../../src/term/ref.ts";
import { append, nodeOf, type Run, type Workload } from "../run.ts";
import { asker, child } from "./mix-servants.ts";
import { freshLog, mixLog as log } from "./mix-log.ts";

/** Processes on each scheduler at its start. */
const ACTORS = 2;
/** Numbers that a seed has for who of those that were linked is linked, unlinked and ended again. */
const PAIRING = 0x7061_6972;

/** Orders in each step of the load. */
const ORDERS = 8;
/** Milliseconds that a call and a spawn of the load wait. */
const WAIT_MS = 1_500;
/** Monitors that a process holds at most. */
const MONITORS_MAX = 12;

type Numbered = {
  readonly type: "numbered";
  readonly from: string;
  readonly to: string;
  readonly n: number;
  readonly filling?: Uint8Array | undefined;
};
type Ask = { readonly type: "ask"; readonly n: number; readonly replyTo: Pid<number> };
type Order =
  | {
      readonly type: "talk";
      readonly to: Pid<Numbered>;
      readonly byName: boolean;
      readonly bytes: number;
    }
  | { readonly type: "monitor" | "link" | "unlink" | "call" | "kill"; readonly to: Pid<Ask> }
  | { readonly type: "demonitor"; readonly flush: boolean }
  | {
      readonly type: "spawn";
      readonly node: string;
      readonly link: boolean;
      readonly lifeMs: number;
    }
  | { readonly type: "rpc"; readonly node: string }
  | { readonly type: "leave"; readonly reason: string };

/** What a process tells itself: it comes behind what was in the mailbox when it unlinked. */
type Unlinked = { readonly type: "unlinked"; readonly to: string; readonly made: number };

type Received =
  | Order
  | Numbered
  | Ask
  | Down
  | Exit
  | NodeUp
  | NodeDown
  | Unlinked
  | { readonly type: "hello"; readonly id: string };

/** The run that goes on now: one at a time on a thread. */
let current: Run;
const now = (): number => current.now;

/** Does what it is told, and writes down what it hears. */
const actor = define("sim.actor", async (ctx: Context<Received>, name: string) => {
  const self = ctx.self.toString();
  const held: Ref[] = [];
  ctx.register(name);
  log.names.set(self, name);
  ctx.trapExit(true);
  ctx.monitorNodes(true);
  log.born(self, ctx.node.list(), now());
  for (;;) {
    const message = await ctx.receive();
    switch (message.type) {
      case "talk":
        talk(ctx, self, message);
        break;
      case "numbered":
        log.received(self, message, now());
        break;
      case "ask":
        ctx.send(message.replyTo, message.n + 1);
        break;
      case "monitor":
        if (held.length < MONITORS_MAX) held.push(watch(ctx, self, message.to));
        break;
      case "demonitor":
        unwatch(ctx, held.shift(), message.flush);
        break;
      case "link":
        log.linked(self, message.to.toString(), now());
        ctx.link(message.to);
        break;
      case "unlink":
        ctx.unlink(message.to);
        unlinked(ctx, self, message.to.toString());
        break;
      case "unlinked":
        log.over(self, message.to, message.made);
        break;
      case "call":
        void call(ctx, self, message.to);
        break;
      case "kill":
        log.ending(message.to.toString(), "killed");
        ctx.sendExit(message.to, "kill");
        break;
      case "spawn":
        void spawn(ctx, self, message);
        break;
      case "rpc":
        void rpc(ctx, self, message.node);
        break;
      case "down":
        log.down(self, message.ref.toString(), String(message.reason), now());
        break;
      case "exit":
        log.exited(self, message.from.toString(), String(message.reason), now());
        break;
      case "nodeup":
      case "nodedown":
        log.nodeEvent(self, message.type, message.node, ctx.node.list());
        break;
      case "hello":
        log.hello(message.id);
        break;
      case "leave":
        log.ending(self, message.reason);
        ctx.exit(message.reason);
        break;
      default:
        log.faults.push(`${self} got ${JSON.stringify(message)}, which nobody sent it`);
    }
  }
});

function talk(ctx: Context<Received>, self: string, order: Extract<Order, { type: "talk" }>): void {
  const to = order.to.toString();
  const n = log.next(self, to);
  const filling = order.bytes === 0 ? undefined : new Uint8Array(order.bytes).fill(n);
  const message: Numbered = { type: "numbered", from: self, to, n, filling };
  const name = order.byName ? log.names.get(to) : undefined;
  try {
    // Who has just been ended by a signal cannot send any more: that throws too.
    if (name === undefined) ctx.send(order.to, message);
    else ctx.send({ name, node: nodeOf(to) }, message);
  } catch (error) {
    if (error instanceof MessageTooLarge) return;
    throw error;
  }
  log.sent(self, to, now());
  // What was sent to another node is the value at the time of sending.
  if (nodeOf(to) !== nodeOf(self)) filling?.fill(n + 1);
}

function unlinked(ctx: Context<Received>, self: string, to: string): void {
  const made = log.unlinked(self, to);
  ctx.send(ctx.self as Pid<Unlinked>, { type: "unlinked", to, made });
}

function watch(ctx: Context<Received>, self: string, to: Pid): Ref {
  const ref = (ctx as Context<Down>).monitor(to);
  log.monitors.set(ref.toString(), { holder: self, target: to.toString(), at: now(), downs: [] });
  return ref;
}

function unwatch(ctx: Context<Received>, ref: Ref | undefined, flush: boolean): void {
  if (ref === undefined) return;
  ctx.demonitor(ref, { flush });
  const monitor = log.monitors.get(ref.toString());
  if (monitor !== undefined) monitor.ended = flush ? "flushed" : "ended";
}

async function call(ctx: Context<Received>, self: string, to: Pid<Ask>): Promise<void> {
  const entry = log.asked(self, to.toString(), now());
  try {
    const answer = await ctx.call(to, { type: "ask", n: entry.n }, { timeoutMs: WAIT_MS });
    entry.outcome = answer === entry.n + 1 ? "answered" : `answered ${String(answer)}`;
  } catch (error) {
    entry.outcome = outcomeOf(error);
  }
}

/** An error by its code; that the caller itself has ended is nothing that it could see. */
function outcomeOf(error: unknown): string | undefined {
  if (error instanceof CallError || error instanceof SpawnError) return error.code;
  return error instanceof ProcessExit ? undefined : `threw ${String(error)}`;
}

async function rpc(ctx: Context<Received>, self: string, node: string): Promise<void> {
  const entry = log.asked(self, node, now());
  try {
    const answer = await ctx.rpc(node, asker, [entry.n], { timeoutMs: WAIT_MS });
    entry.outcome = answer === entry.n + 1 ? "answered" : `answered ${String(answer)}`;
  } catch (error) {
    entry.outcome = outcomeOf(error);
  }
}

async function spawn(
  ctx: Context<Received>,
  self: string,
  { node, link, lifeMs }: Extract<Order, { type: "spawn" }>,
): Promise<void> {
  const entry = log.spawns(self, node, link, now());
  try {
    // Some wait without a time-out: for them a spawn ends as well.
    const wait = { link, timeoutMs: log.spawnEntries.size % 3 === 0 ? Infinity : WAIT_MS };
    const pid = await ctx.spawnOn(node, child, [entry.id, ctx.self as Pid<unknown>, lifeMs], wait);
    entry.outcome = pid.toString();
  } catch (error) {
    entry.outcome = outcomeOf(error);
  }
}

/** Starts what is missing of the processes of every scheduler of a node. */
function populate(run: Run, node: SimNode): void {
  for (const [place, { scheduler }] of node.schedulers.entries()) {
    const there = scheduler
      .list()
      .filter(({ functionName }) => functionName === "sim.actor").length;
    for (let count = there; count < ACTORS; count++) {
      const name = `actor ${log.actors.length}`;
      run.at(node, place, () => {
        const plan = { parent: undefined, name: undefined, mailboxMax: undefined };
        const { pid } = scheduler.spawn(actor as never, [name], {
          functionName: "sim.actor",
          ...plan,
        });
        log.actors.push(pid.toString());
        append(log.actorsOf, node.name, pid.toString());
      });
    }
  }
}

/** Gives a process of the load an order. */
function order(run: Run, make: (self: string, other: string) => Order | undefined): void {
  const node = run.one([...run.world.nodes.values()]);
  const place = run.random.below(node?.schedulers.length ?? 1);
  const driver = node?.schedulers[place];
  if (node === undefined || driver === undefined) return;
  const self = run.one(log.actorsOf.get(node.name) ?? []);
  const other = run.one(log.actors);
  if (self === undefined || other === undefined || self === other) return;
  const message = make(self, other);
  if (message === undefined) return;
  run.at(node, place, () => {
    const to = PidClass.parse(self, driver.scheduler.identities);
    const resolved =
      "to" in message
        ? { ...message, to: PidClass.parse(String(message.to), driver.scheduler.identities) }
        : message;
    driver.scheduler.handleSignal({ kind: "message", from: undefined, to, message: resolved });
  });
}

function randomOrder(
  run: Run,
  pairing: Prng,
  { self, other }: { readonly self: string; readonly other: string },
): Order | undefined {
  const { random, world } = run;
  const to = other as unknown as Pid<unknown>;
  // What goes wrong with links goes wrong between two who link and unlink and end, all at once.
  const known = log.partners.get(self);
  const isKnown = known !== undefined && pairing.below(4) !== 0;
  const partner = (isKnown
    ? known[pairing.below(known.length)]!
    : other) as unknown as Pid<unknown>;
  const dice = random.random();
  if (dice < 0.6) {
    const bytes =
      random.below(12) === 0 ? random.below(random.below(8) === 0 ? 400_000 : 4_000) : 0;
    return { type: "talk", to, byName: random.below(4) === 0, bytes };
  }
  if (dice < 0.68) return { type: "monitor", to };
  if (dice < 0.73) return { type: "demonitor", flush: random.below(2) === 0 };
  if (dice < 0.79) return { type: "link", to: partner };
  if (dice < 0.83) return { type: "unlink", to: partner };
  if (dice < 0.89) return { type: "call", to };
  const short = run.one([...world.nodes.keys()])!;
  const node = world.nameOf(short);
  if (dice < 0.945)
    return { type: "spawn", node, link: random.below(2) === 0, lifeMs: random.below(1_500) };
  if (dice < 0.98) return { type: "rpc", node };
  if (dice < 0.99) return { type: "kill", to: partner };
  return { type: "leave", reason: `reason ${random.below(100)}` };
}

/** Messages, links, monitors, remote spawns and calls between processes of all nodes. */
export const mix: Workload = {
  name: "mix",
  functions: ["sim.actor", "sim.child", "sim.asker"],
  begin(run) {
    current = run;
    freshLog(run);
  },
  started(run, _short, node) {
    populate(run, node);
  },
  step(run) {
    const pairing = new Prng(run.seed + PAIRING + run.steps * 0x1_0000_0000);
    for (let count = 0; count < ORDERS; count++)
      order(run, (self, other) => randomOrder(run, pairing, { self, other }));
    // Who has ended gets a successor now and then.
    const node = run.random.below(8) === 0 ? run.one([...run.world.nodes.values()]) : undefined;
    if (node !== undefined) populate(run, node);
  },
  end(run) {
    for (const node of run.world.nodes.values()) {
      for (const [place, { scheduler }] of node.schedulers.entries()) {
        run.at(node, place, () => {
          for (const { pid, functionName } of scheduler.list()) {
            if (!mix.functions.includes(functionName)) continue;
            log.ending(pid.toString(), "killed");
            scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
          }
        });
      }
    }
    run.messages += log.arrived;
  },
};
