/** A tree over three nodes: children whose places are chosen, waited for and given up, and a supervisor on another node. */
import {
  child,
  define,
  defineServer,
  defineSupervisor,
  type Context,
  type PlacementView,
} from "snow-node";

const leaf = defineServer("leaf", {
  init: (_ctx: Context<never>) => undefined,
  calls: { where: (ctx) => ctx.self.node },
});

/** Neither the supervisor's node nor the one before. */
const elsewhere = define("elsewhere", async (ctx: Context<never>, { last, nodes }: PlacementView) =>
  nodes.filter((node) => node !== ctx.node.name && node !== last),
);

const branch = defineSupervisor("branch", {
  intensity: 0,
  children: (...on: string[]) => [child({ id: "twig", start: leaf, args: [], on })],
});

/** Allows no restart, and one lost node in a time that no test lasts. */
const forest = defineSupervisor("forest", {
  intensity: 0,
  nodeLosses: { intensity: 1, periodMs: 600_000 },
  children: (b: string, c: string) => [
    child({ id: "near", start: leaf, args: [] }),
    child({ id: "chosen", start: leaf, args: [], on: elsewhere }),
    child({ id: "computed", start: leaf, args: [], on: ({ nodes }) => nodes.slice(1) }),
    child({ id: "waits", start: leaf, args: [], on: b, onNodeDown: "wait" }),
    child({ id: "stops", start: leaf, args: [], on: b, onNodeDown: "stop" }),
    child({ id: "branch", start: branch, args: [b, c], on: c }),
  ],
});

export const forester = define("forester", async (ctx: Context<never>, b: string, c: string) => {
  const pid = await forest.start(ctx, [b, c], { link: true });
  ctx.log.info("planted", { pid: pid.toString() });
  await ctx.receive();
});
