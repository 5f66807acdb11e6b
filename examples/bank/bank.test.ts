import { expect, test } from "bun:test";
import { simulate, type World } from "snow-node/sim";

import { account, type Place } from "./account.ts";
import { transfer as carefulTransfer } from "./careful.ts";
import { transfer as carelessTransfer } from "./careless.ts";

type Name = "a" | "b" | "c";

/** What each account starts with. */
const OPENING = 100;

/** Three nodes whose connections break, and that now and then cannot reach each other for longer than a session lasts. */
const options = {
  nodes: ["a", "b", "c"] as const,
  modules: ["./account.ts", "./careful.ts", "./careless.ts"],
  faults: { lossRate: 5, cutRate: 2 },
  sessionGraceMs: 100,
};

/** An account on each node, and each node sends money on to the next. */
const moneyGoesRound =
  (transfer: typeof carefulTransfer | typeof carelessTransfer) =>
  async (world: World<Name>): Promise<void> => {
    const nodes = [world.nodes.a, world.nodes.b, world.nodes.c];
    const places: Place[] = nodes.map(({ node }) => ({ name: "vault", node: node.name }));
    const client = (index: number) => account.client(nodes[index]!, places[index]!);
    for (const node of nodes) await account.start(node, [OPENING], { name: "vault" });

    const sendOn = async (index: number): Promise<void> => {
      const [from, to] = [places[index]!, places[(index + 1) % 3]!];
      for (let count = 0; count < 10; count++) {
        const amount = Math.ceil(Math.random() * 20);
        // Refused for want of money, or given up: either way the books must balance in the end.
        await nodes[index]!.rpc(from.node, transfer, [from, to, amount], {
          timeoutMs: Infinity,
        }).catch(() => undefined);
        await world.sleep(50);
      }
    };
    await Promise.all([0, 1, 2].map(sendOn));

    const balances = await Promise.all([0, 1, 2].map((index) => client(index).balance()));
    const total = balances.reduce((sum, balance) => sum + balance);
    if (total !== 3 * OPENING) throw new Error("the books do not balance");
  };

test("a careful bank keeps its money, whatever the network does", async () => {
  const { seeds } = await simulate({ ...options, seeds: 30 }, moneyGoesRound(carefulTransfer));
  expect(seeds).toBeGreaterThan(0);
}, 60_000);

test("a careless bank does not", async () => {
  const run = simulate({ ...options, seeds: 200 }, moneyGoesRound(carelessTransfer));
  expect(run).rejects.toThrow("the books do not balance");
}, 60_000);
