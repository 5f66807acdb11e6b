/* oxlint-disable no-unused-expressions, no-unused-vars, typescript/consistent-type-imports -- types are what is tested */
import { testCluster } from "snow-node/testing";
import {
  define,
  named,
  Down,
  NodeUp,
  NodeDown,
  type Context,
  type Pid,
  type PidOf,
  type Caller,
  type CallMessage,
} from "snow-node";
import { account, counter } from "./types.test-d.ts";
export const x = define("x", async (ctx: Context<Down | NodeUp | NodeDown | { type: "tick" }>) => {
  ctx.monitorNodes(true);
  // @ts-expect-error
  ctx.trapExit(true);
  ctx.sendAfter(ctx.self, { type: "tick" }, 1000);
  // @ts-expect-error
  ctx.sendAfter(ctx.self, { type: "tock" }, 1000);
  const acme = named(account, "acme");
  const pid = await account.start(ctx, [1], { name: acme });
  ctx.send(pid, { type: "tick" });
  // @ts-expect-error
  ctx.send(pid, { type: "tock" });
  // @ts-expect-error no request/reply messages in a server's protocol
  await ctx.call(pid, { type: "tick" });
  await account.client(ctx, acme).balance();
  await account.client(ctx, { name: acme, node: "b@host" }).balance();
  const { fence } = await ctx.global.register(acme, pid, { timeoutMs: 100 });
  fence satisfies number;
  // @ts-expect-error wrong pid for the name
  await ctx.global.register(acme, ctx.spawn(counter, [0]));
  pid satisfies Pid<CallMessage<"balance", [], number>>;
  ctx.register(named<{ type: "tick" }>("ticker"));
  // @ts-expect-error
  ctx.register(named<{ type: "tock" }>("ticker"));
  const m = await ctx.receive("tick", { timeoutMs: 5 });
  m?.type satisfies "tick" | undefined;
  JSON.stringify({ pid }) satisfies string;
});
function audit(by: Caller, to: PidOf<typeof account>) {
  return account.client(by, to).balance();
}
export async function t(ctx: Context<Down>, pid: PidOf<typeof account>) {
  await audit(ctx, pid);
  await using c = await testCluster(["a", "b"]);
  using _cut = c.cut("a", "b");
  await using probe = c.nodes.a.probe<number>();
  (await probe.receive()) satisfies number;
  // @ts-expect-error
  c.cut("a", "z");
}
