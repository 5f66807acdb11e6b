import { expect, test } from "bun:test";
import { compareVersions } from "../../src/node/control/schedulers/hosted-functions.ts";
import type { HostedFunction } from "../../src/node/thread-message.ts";

const hosts = (name: string, version: number): HostedFunction => ({
  name,
  version,
  kind: "function",
});

test("a function that a peer names a thousand times in other versions is one warning", () => {
  const texts: string[] = [];
  const log = { write: (_level: string, text: string) => void texts.push(text) };
  const theirs = Array.from({ length: 1_000 }, (_none, version) => hosts("heart", version + 2));
  compareVersions("b@h", [...theirs, hosts("same", 1)], [hosts("heart", 1), hosts("same", 1)], log);
  expect(texts).toEqual(['b@h hosts version 1001 of "heart", this node version 1']);
});
