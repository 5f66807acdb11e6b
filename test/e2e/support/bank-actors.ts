/** A user module with servers, supervisors and processes that go wrong, to be looked at from outside. */
import { child, define, defineServer, defineSupervisor, Pid, type Context } from "snow-node";

export const account = defineServer("account", {
  init: (_ctx, opening: number) => ({ balance: opening, history: [] as number[] }),
  calls: {
    balance: (ctx) => ctx.state.balance,
    deposit: (ctx, amount: number) => {
      ctx.state.history.push(amount);
      return (ctx.state.balance += amount);
    },
  },
  casts: {
    corrupt: (ctx, field: string): void => {
      throw new TypeError(`${field} of ${ctx.state.balance} is corrupt`);
    },
  },
});

export const branch = defineSupervisor("branch", {
  intensity: 4,
  children: () => [child({ id: "acme", start: account, args: [100], name: "acme" })],
});

export const bank = defineSupervisor("bank", {
  strategy: "one_for_all",
  intensity: 2,
  children: () => [
    child({ id: "branch", start: branch, args: [], name: "branch" }),
    child({ id: "reserve", start: account, args: [1_000_000], name: "reserve" }),
  ],
});

type Work = { readonly type: "work" } | { readonly type: "go" };

/** Lets its work lie until it is told to go, then fails. */
export const idler = define("idler", async (ctx: Context<Work>, friend: string) => {
  ctx.register("idler");
  ctx.link(Pid.parse(friend));
  await ctx.receive("go");
  throw new RangeError("too much work");
});

export const friend = define("friend", async (ctx: Context<Work>) => void (await ctx.receive()));

/** Takes many turns. */
export const busy = define("busy", async (ctx: Context<{ readonly type: "tick" }>) => {
  for (let turn = 0; turn < 500; turn++) {
    ctx.send(ctx.self, { type: "tick" });
    await ctx.receive();
  }
  await ctx.receive();
});

/** Leaves behind what nobody catches, and lives on. */
export const careless = define("careless", async (ctx: Context<Work>) => {
  void Promise.reject(new RangeError("nobody awaits this"));
  setTimeout(() => {
    throw new RangeError("nobody is above this");
  }, 1);
  await ctx.receive("go");
});
