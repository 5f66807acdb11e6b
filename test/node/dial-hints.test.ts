import { expect, test } from "bun:test";

import { CallError } from "../../src/base/error.ts";
import type { Node } from "../../src/process/api.ts";
import { define } from "../../src/index.ts";
import { launchNode } from "../../src/program/start-node.ts";
import { testNodeOf, testOptions, type TestNode } from "../../src/program/test-node.ts";

interface Said {
  readonly type: "said";
  readonly text: string;
}

const greet = define("dial-hints greet", async (_ctx, text: string) => `hello ${text}`);

/** Two nodes that know nothing of each other, and the second one's name with its port. */
async function strangers(): Promise<AsyncDisposable & { a: TestNode; b: TestNode; hint: string }> {
  const a = testNodeOf(await launchNode(testOptions({ name: "a@127.0.0.1:0" })));
  const started = await launchNode(testOptions({ name: "b@127.0.0.1:0" }));
  const b = testNodeOf(started);
  const hint = `b@127.0.0.1:${started.info.address?.port}`;
  const stop = async () => void (await Promise.all([a.stop(), b.stop()]));
  return { a, b, hint, [Symbol.asyncDispose]: stop };
}

const peers = (node: Node): readonly string[] => node.node.list();

test("connect takes the port in the name", async () => {
  await using nodes = await strangers();
  await nodes.a.node.connect(nodes.hint);
  expect(peers(nodes.a)).toEqual(["b@127.0.0.1"]);
});

test("a spawn on a node by name and port connects to it", async () => {
  await using nodes = await strangers();
  const pid = await nodes.a.spawnOn<typeof greet>(nodes.hint, "dial-hints greet", ["b"]);
  expect(pid.node).toBe("b@127.0.0.1");
  expect(peers(nodes.a)).toEqual(["b@127.0.0.1"]);
});

test("a message to a name at a node by name and port connects to it", async () => {
  await using nodes = await strangers();
  const got = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  const listening = nodes.b.run<void, Said>(async (ctx) => {
    ctx.register("ear");
    ready.resolve();
    got.resolve((await ctx.receive("said")).text);
  });
  await ready.promise;
  nodes.a.send({ name: "ear", node: nodes.hint }, { type: "said", text: "across" });
  expect(await got.promise).toBe("across");
  await listening;
});

test("without the port the node is looked for at the default one, and a later port is tried at once", async () => {
  await using nodes = await strangers();
  const call = (node: string) =>
    nodes.a.run((ctx) => ctx.rpc(node, greet, ["b"], { timeoutMs: 2_000 }));
  // Nobody listens on 4369 under that name, whoever else does.
  expect(await call("b@127.0.0.1").catch((error: unknown) => error)).toBeInstanceOf(CallError);
  expect(await call(nodes.hint)).toBe("hello b");
});
