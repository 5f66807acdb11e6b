/** A user's program with nodes in it; what it is told to get wrong is the argument. Prints one line for each thing that happened. */
import { startNode, type Context, type Down } from "../../src/index.ts";

type Message = Down | { readonly type: "never" };

const [what, schedulers, nodes] = process.argv.slice(2);

async function start(): ReturnType<typeof startNode> {
  return startNode({
    schedulers: schedulers === "inline" ? "inline" : Number(schedulers),
    logLevel: "error",
  });
}

const node = await start();
const others = nodes === "2" ? [await start()] : [];

/** How a process ends that does this and then waits. */
const endOf = (act: (ctx: Context<Message>) => void): Promise<unknown> =>
  node.run(async (ctx: Context<Message>) => {
    const pid = ctx.spawn(async (own: Context<Message>) => {
      act(own);
      await own.receive("never");
    });
    ctx.monitor(pid);
    return (await ctx.receive("down")).reason;
  });

switch (what) {
  case "own":
    console.log(String(await endOf((ctx) => void ctx.call("nobody" as never, {} as never))));
    console.log(String(await endOf((ctx) => void setTimeout(() => ctx.exit("timer"), 1))));
    break;
  case "rejects":
    void Promise.reject(new RangeError("the program's own"));
    break;
  case "listens":
    process.on("unhandledRejection", (error) => console.log(`heard: ${String(error)}`));
    void Promise.reject(new RangeError("the program's own"));
    break;
  case "throws":
    setTimeout(() => {
      throw new RangeError("the program's own");
    }, 1);
    // For ever: the throw ends it.
    await new Promise(() => {});
    break;
  default:
    throw new Error(`nothing to get wrong: ${what}`);
}
await node.run((ctx) => ctx.sleep(1));
console.log("goes on");
for (const each of [node, ...others]) await each.stop();
