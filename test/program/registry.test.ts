import { afterAll, beforeAll, expect, test } from "bun:test";

import { startNode, type NodeOptions } from "../../src/index.ts";
import { localNodes } from "../../src/program/registry.ts";
import { steadyPort } from "../e2e/support/free-port.ts";

const REGISTRY_PORT = "SNOW_LISTEN_REGISTRY_PORT";
const before = process.env[REGISTRY_PORT];
let port = 0;

beforeAll(async () => {
  port = await steadyPort(["127.0.0.1"]);
  process.env[REGISTRY_PORT] = String(port);
});
afterAll(() => {
  if (before === undefined) delete process.env[REGISTRY_PORT];
  else process.env[REGISTRY_PORT] = before;
});

const start = (letter: string, options: NodeOptions = {}) =>
  startNode({
    name: `${letter}@127.0.0.1:0`,
    cookie: "a cookie for these tests alone",
    schedulers: 1,
    logLevel: "error",
    tls: "off",
    ...options,
  });

const known = async (): Promise<readonly string[]> =>
  (await localNodes(port, 2_000)).map(({ name }) => name);

test("nodes of threads inside programs register, find each other by name, and give their names back", async () => {
  await using a = await start("a");
  const b = await start("b");
  await b.node.connect(a.node.name);
  // The other side hears of it in its own time.
  await a.node.connect(b.node.name);
  expect(a.node.list()).toEqual([b.node.name]);
  expect(await known()).toEqual([a.node.name, b.node.name]);
  const again = await start("b").catch((error: unknown) => error);
  expect(again).toMatchObject({ name: "ConfigError", code: "name_taken" });
  await b.stop();
  expect(await known()).toEqual([a.node.name]);
  await using back = await start("b");
  expect(await known()).toEqual([a.node.name, back.node.name]);
});

test("an inline node takes no part", async () => {
  await using _ = await start("quiet", { schedulers: "inline" });
  expect(await known()).toEqual([]);
});
