/** What runs on a node that connects to another one and leaves it, again and again. */
import { define, Down, type Context, type NodeDown, type NodeUp, type Pid } from "snow-node";

type Seen = Down | NodeUp | NodeDown;
type Text = { readonly text: string };

/** Lives for as long as its node; says nothing to anybody. */
export const idle = define("idle", async (ctx: Context<Text>) => {
  for await (const _ of ctx.messages());
});

/** Ends with whoever it is linked to. */
const linked = async (ctx: Context<never>, to: Pid): Promise<void> => {
  ctx.link(to);
  await ctx.receive({ timeoutMs: Infinity });
};

/** Joins, leaves something of every kind over there and here, and disconnects; says when it has done so so many times. */
export const reconnect = define(
  "reconnect",
  async (ctx: Context<Seen>, hint: string, count: number) => {
    ctx.monitorNodes(true);
    for (let times = 0; times < count; times++) {
      // A node that has not let go of the session before says so.
      while (!(await connected(ctx, hint))) await ctx.sleep(1);
      const { node } = await ctx.receive("nodeup");
      const far = await ctx.spawnOn<typeof idle>(node, "idle", []);
      const bonds = [ctx.monitor(far), ctx.monitor({ name: "nobody", node })];
      const near = ctx.spawnMonitor(linked, [far]);
      ctx.send(far, { text: "hello" });
      ctx.send({ name: "nobody", node }, { text: "hello" });
      ctx.sendExit(far, times % 2 === 0 ? "normal" : "shutdown");
      ctx.node.disconnect(node);
      for (const ref of [...bonds, near.ref])
        await ctx.receive(
          (message): message is Down => message instanceof Down && message.ref === ref,
        );
      await ctx.receive("nodedown");
    }
    ctx.log.info("reconnected", { count });
  },
);

const connected = (ctx: Context<Seen>, hint: string): Promise<boolean> =>
  ctx.node.connect(hint).then(
    () => true,
    () => false,
  );
