/* oxlint-disable no-unused-expressions, no-unused-vars, typescript/consistent-type-imports -- types are what is tested */
import { define, defineServer, fail, Down, type Context } from "snow-node";
import { testNode } from "snow-node/testing";
export const account = defineServer("account", {
  init: (ctx, opening: number) => ({ balance: opening }),
  calls: {
    balance: (ctx) => ctx.state.balance,
    withdraw: (ctx, amount: number) =>
      amount > ctx.state.balance ? fail("insufficient_funds") : (ctx.state.balance -= amount),
  },
});
export const main = define("main", async (ctx: Context<Down>) => {
  const pid = await account.start(ctx, [100], { on: "b@127.0.0.1" });
  ctx.monitor(pid);
  ctx.log.info("left", { balance: await account.client(ctx, pid).withdraw(30) });
  const down = await ctx.receive("down");
  ctx.log.info("b is gone", { reason: down.reason });
});
export async function t() {
  await using node = await testNode();
  const acme = account.client(node, await account.start(node, [100]));
  (await acme.withdraw(200)) satisfies number;
}
// in an HTTP handler
export const web = define("web", async (ctx: Context<never>, port: number) => {
  const acme = account.client(ctx, "acme", { timeoutMs: 500 });
  const bun = { serve(o: { port: number; fetch(r: Request): Promise<Response> }) {} };
  bun.serve({ port, fetch: async (r) => Response.json(await acme.balance()) });
  await ctx.receive();
});
