import { expect, test } from "bun:test";

import { BinaryCluster, sees } from "./support/binary-cluster.ts";

test("a node finds another behind a name of the resolver, and again when that one was started anew", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await cluster.add("a", { connect: [] });
  const { port } = a;
  const b = await cluster.add("b", {
    connect: [],
    args: ["--cluster-dns", `localhost:${port}`, "--cluster-session-grace", "0s"],
  });
  await Promise.all([sees(a, b.name), sees(b, a.name)]);
  await a.kill();
  await b.logged("seen", { what: "nodedown", peer: a.name });
  const again = await cluster.add("a", { connect: [], port });
  await sees(again, b.name);
  // The address that nobody listens on is news once, and no more.
  const warnings = b.lines.all.filter((line) => b.fields(line)?.level === "warn");
  expect(warnings.length).toBeLessThan(6);
});
