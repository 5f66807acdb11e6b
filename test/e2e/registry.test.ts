import { expect, test } from "bun:test";

import { BinaryCluster, sees, type Extra } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";
import { steadyPort } from "./support/free-port.ts";
import { runBinary } from "./support/program.ts";

/** Nodes that share a registry of their own, found by name alone. */
async function hostOf(...letters: readonly string[]) {
  const registryPort = await steadyPort(["127.0.0.1"]);
  const cluster = await BinaryCluster.start();
  const add = (letter: string, extra: Extra = {}) =>
    cluster.add(letter, { registryPort, connect: [], args: ["--log-level", "debug"], ...extra });
  const nodes: BinaryNode[] = [];
  try {
    for (const letter of letters) nodes.push(await add(letter));
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
  const names = async (): Promise<string> => {
    // Which nodes there are is said in the error of a verb that needs one.
    const { stdout, stderr } = await runBinary(["status", "--json"], {
      cwd: cluster.folder.path,
      home: cluster.folder.path,
      env: { SNOW_COOKIE: cluster.cookie, SNOW_LISTEN_REGISTRY_PORT: String(registryPort) },
    });
    const several = /has several: (.*)/.exec(stderr)?.[1];
    return several ?? (JSON.parse(stdout) as { name: string }).name;
  };
  return { cluster, nodes, add, names, registryPort };
}

const registered = (node: BinaryNode, holding: boolean) =>
  node.logged("registered on this host", { holding });

test("nodes of one host find each other by name alone, and a tool finds the only one", async () => {
  const { cluster, nodes, add, names } = await hostOf("a");
  await using _ = cluster;
  const a = nodes[0]!;
  expect(await names()).toBe("a@127.0.0.1");
  const b = await add("b", { connect: ["a@127.0.0.1"] });
  await Promise.all([sees(a, b.name), sees(b, a.name)]);
  expect(await names()).toBe("a@127.0.0.1, b@127.0.0.1");
  expect((await b.tool("status", "--node", "b@127.0.0.1")).code).toBe(0);
  await b.stop();
  expect(await names()).toBe("a@127.0.0.1");
});

test("when the holder is killed another node takes over, and all others register with it within a second", async () => {
  const { cluster, nodes, add, names } = await hostOf("a", "b", "c", "d");
  await using _ = cluster;
  const [a, ...others] = nodes as [BinaryNode, ...BinaryNode[]];
  await registered(a, true);
  await Promise.all(others.map((node) => registered(node, false)));
  const killedAt = Date.now();
  await a.kill();
  const again = async (node: BinaryNode) => {
    const line = await node.lines.waitFor(
      (_text, seen) =>
        node.fields(seen)?.text === "registered on this host" &&
        Date.parse(String(node.fields(seen)?.time)) >= killedAt,
    );
    return node.fields(line) as { holding: boolean; time: string };
  };
  const results = await Promise.all(others.map(again));
  expect(results.filter(({ holding }) => holding)).toHaveLength(1);
  for (const { time } of results) expect(Date.parse(time) - killedAt).toBeLessThan(1_000);
  expect(await names()).toBe("b@127.0.0.1, c@127.0.0.1, d@127.0.0.1");
  const back = await add("a", { connect: ["d@127.0.0.1"] });
  await sees(back, "d@127.0.0.1");
});

test("a node whose name lives on this host is refused at its start, and may start when that one is gone", async () => {
  const { cluster, nodes, add, registryPort } = await hostOf("a", "b");
  await using _ = cluster;
  for (const node of nodes) {
    const { code, stderr } = await runBinary(
      ["--name", `${node.name}:0`, "--listen-registry-port", String(registryPort)],
      {
        cwd: cluster.folder.path,
        home: cluster.folder.path,
        env: { SNOW_COOKIE: cluster.cookie },
      },
    );
    expect(stderr).toBe(
      `snow-node: node.name: another node ${node.name} runs on this host at port ${node.port}\n`,
    );
    expect(code).toBe(2);
  }
  await nodes[1]!.kill();
  await add("b");
});

test("a port in the name counts more than what the registry says", async () => {
  const { cluster, nodes, add } = await hostOf("a");
  await using _ = cluster;
  const other = await add("other");
  // Nobody of that name there: the registry's answer would have been right, and was not asked.
  const { code, stderr } = await nodes[0]!.tool("status", "--node", `a@127.0.0.1:${other.port}`);
  expect(code).toBe(3);
  expect(stderr).toContain("other@127.0.0.1");
});

test("a registry port that belongs to another program costs a warning and little time", async () => {
  await using cluster = await BinaryCluster.start();
  using foreign = new DisposableStack();
  const socket = { data() {} };
  const listener = foreign.adopt(
    Bun.listen({ hostname: "127.0.0.1", port: 0, socket }),
    (listening) => listening.stop(true),
  );
  const a = await cluster.add("a", { registryPort: listener.port });
  await a.logged("no node registry on this host", { port: listener.port });
  expect(a.startMs).toBeLessThan(3_000);
});

test("a frozen holder delays a start by little, and the node registers when it thaws", async () => {
  const { cluster, nodes, add, names } = await hostOf("a");
  await using _ = cluster;
  const a = nodes[0]!;
  a.program.kill("SIGSTOP");
  const b = await add("b").finally(() => a.program.kill("SIGCONT"));
  expect(b.startMs).toBeLessThan(3_000);
  await b.logged("no node registry on this host", { reason: "it does not answer" });
  await registered(b, false);
  expect(await names()).toBe("a@127.0.0.1, b@127.0.0.1");
});

test("garbage on the registry port harms nobody", async () => {
  const { cluster, names, registryPort } = await hostOf("a", "b");
  await using _ = cluster;
  const closed = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: registryPort,
    socket: { data() {}, close: () => closed.resolve(), error() {} },
  });
  socket.write(new Uint8Array(100_000).fill(0xff));
  await closed.promise;
  expect(await names()).toBe("a@127.0.0.1, b@127.0.0.1");
});
