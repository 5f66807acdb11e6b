/** `simulate` knows the names of its nodes. */
import { simulate, type Faults, type World } from "snow-node/sim";

const faults: Faults = {
  lossRate: 1,
  cutRate: 1,
  crashRate: 1,
  delayMsMax: 20,
  others: { stall: 2 },
};

export async function names(): Promise<number> {
  const { seeds, virtualMs } = await simulate(
    { nodes: ["a", "b"], modules: [], seeds: [1, 2], faults },
    async ({ nodes, sleep, cut, crash, always, eventually }) => {
      await nodes.a.run(async (ctx) => ctx.sleep(1));
      // @ts-expect-error there is no node of that name
      void nodes.c;
      cut("a", "b", 100);
      // @ts-expect-error nor one to crash
      crash("x");
      always("true", () => true);
      // @ts-expect-error a condition does not wait
      await eventually("true", 10, async () => true);
      await sleep(1);
    },
  );
  return seeds + virtualMs;
}

/** A scenario may be a function of its own. */
export async function scenario(world: World<"a" | "b">): Promise<void> {
  await world.eventually("they see each other", 1_000, () => world.nodes.a.node.list().length > 0);
}
