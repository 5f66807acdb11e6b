/** How many frames leave a node for one message of a room: three nodes in this program, of which two have members. */
import { connect } from "../../src/client.ts";
import { defineWeb } from "../../src/index.ts";
import { launchNode } from "../../src/program/start-node.ts";
import { until } from "../../test/e2e/support/until.ts";
import type { Row } from "../row.ts";

const MESSAGES = 1_000;
const NODES_WITH_MEMBERS = 2;

const site = defineWeb("bench-frames", {
  listen: { port: 0 },
  socket: {},
  authorize: { join: () => true },
});

export async function crossNodeFrames(): Promise<Row> {
  const nodes = [];
  const seeds: string[] = [];
  for (const letter of ["a", "b", "c", "d"]) {
    const started = await launchNode({
      name: `${letter}@127.0.0.1:0`,
      cookie: "a cookie for this benchmark alone",
      schedulers: "inline",
      logLevel: "error",
      seeds,
    });
    const { name, address } = { name: letter, address: started.info.address! };
    seeds.push(`${name}@127.0.0.1:${address.port}`);
    nodes.push(started);
  }
  const [publisher, ...others] = nodes;
  await until(
    "all are connected",
    () => publisher!.node.node.list().length === others.length,
    10_000,
  );
  const clients = [];
  for (const { node } of others.slice(0, NODES_WITH_MEMBERS)) {
    const { url } = await site.address(node, await site.start(node, []));
    for (let n = 0; n < 2; n++) {
      const joined = Promise.withResolvers<void>();
      const client = connect(url.replace("http", "ws"));
      client.join("room", { joined: joined.resolve });
      clients.push(client);
      await joined.promise;
    }
  }
  const before = publisher!.driver.roomCounts.toNodes;
  for (let n = 0; n < MESSAGES; n++) publisher!.node.rooms.publish("room", "x");
  const frames = publisher!.driver.roomCounts.toNodes - before;
  for (const client of clients) client.close();
  for (const { node } of nodes.toReversed()) await node.stop();
  return {
    name: "rooms.cross_node_frames",
    value: frames / MESSAGES / NODES_WITH_MEMBERS,
    unit: "frames",
  };
}
