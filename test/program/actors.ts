/** What the nodes of these tests run, loaded on each of their schedulers. */
import { child, define, defineServer, defineSupervisor, type Context } from "../../src/index.ts";

/** Where it runs, for callers who want to know. */
export const where = define("where", async (ctx: Context<string>) => ctx.self.toString());

export const counter = defineServer("program counter", {
  init: (_ctx, start: number) => ({ value: start }),
  calls: {
    add: (ctx, by: number) => (ctx.state.value += by),
    /** Never gives way to anybody. */
    spin: (): number => {
      for (;;);
    },
  },
});

/** Its child lives on scheduler 2. */
export const counters = defineSupervisor("counters", {
  children: () => [
    child({ id: "counter", start: counter, args: [0], name: "counter", scheduler: 2 }),
  ],
});
