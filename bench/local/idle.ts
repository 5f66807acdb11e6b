/** Bytes of an idle process in `receive`, in a process of its own: prints one number. Argument: how many. */
import type { Context } from "../../src/process/api.ts";
import { createScheduler } from "./programs.ts";

const count = Number(process.argv[2]);
const scheduler = createScheduler();

/** Memory in use after a full collection. */
function used(): number {
  Bun.gc(true);
  Bun.gc(true);
  return process.memoryUsage().rss;
}

await scheduler.run(async (ctx: Context<never>) => {
  const idle = async (own: Context<{ type: "stop" }>) => {
    await own.receive();
  };
  for (let index = 0; index < 1000; index++) ctx.spawn(idle);
  await ctx.sleep(10);
  const before = used();
  for (let index = 0; index < count; index++) {
    ctx.spawn(idle);
    // oxlint-disable-next-line no-await-in-loop -- lets them start
    if (index % 10_000 === 0) await ctx.sleep(0);
  }
  await ctx.sleep(10);
  console.log((used() - before) / count);
});
process.exit(0);
