import { expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { entropy } from "../../src/bun/entropy.ts";
import { files } from "../../src/bun/files.ts";
import { parseConfig } from "../../src/config/config.ts";
import { loadCookies } from "../../src/config/cookie.ts";
import { planNode } from "../../src/node/node-plan.ts";
import type { Dns } from "../../src/port/dns.ts";
import { InlineNode } from "../../src/program/inline-node.ts";
import { loadTls } from "../../src/program/tls.ts";
import { steadyPort } from "../e2e/support/free-port.ts";
import { until } from "../support/live-node.ts";

/** Loopback addresses: as many hosts as far as the nodes can tell. */
const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"] as const;

interface Member {
  readonly name: string;
  readonly node: InlineNode;
  /** Texts of warnings. */
  readonly warnings: readonly string[];
}

/** A node of a cluster that knows its members from a resolver only. */
async function member(host: string, port: number, place: string, dns: Dns): Promise<Member> {
  const config = parseConfig({
    environment: {},
    options: [],
    given: {
      "node.name": `d@${host}:${port}`,
      "node.cookie": "a cookie for tests of dns and nothing else",
      "node.schedulers": "inline",
      "listen.registry_port": 0,
      "cluster.dns": place,
      "cluster.mesh": false,
    },
    directory: "/",
    cpus: 1,
  });
  const name = config.node.name!;
  const cookies = loadCookies(config, files, entropy);
  const wall = clock.wall();
  const plan = planNode({
    config,
    name,
    cookies,
    version: "test",
    wall,
    strict: true,
    listens: true,
  });
  const warnings: string[] = [];
  const { node } = await InlineNode.start({
    plan,
    dns,
    tls: await loadTls({ mode: "auto" }, name.name),
    log: {
      write: (level, text, fields) =>
        void (level === "warn" && warnings.push(`${name.name}: ${text} ${JSON.stringify(fields)}`)),
    },
    events: {
      stopRequested: () => undefined,
      startRefused: () => undefined,
      resolve: async () => undefined,
    },
  });
  return { name: name.name, node, warnings };
}

test("nodes behind one name find each other, and each recognises itself without a warning", async () => {
  let looks = 0;
  const dns: Dns = { addresses: async () => (looks++, HOSTS) };
  const port = await steadyPort(HOSTS);
  const members: Member[] = [];
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => void (await Promise.all(members.map(({ node }) => node.stop()))));
  // The port of the name is that which the node itself listens on, unless it is said.
  for (const host of HOSTS) members.push(await member(host, port, "nodes.test", dns));
  await until("each is connected to both others", () =>
    members.every(({ node }) => node.control.peers.length === HOSTS.length - 1),
  );
  expect(looks).toBeGreaterThanOrEqual(2);
  // Without a mesh nobody but the resolver told them of each other.
  const warnings = members.flatMap((one) => one.warnings);
  // Those that were not up yet, and nothing else.
  expect(warnings.filter((text) => !text.includes("connection_refused"))).toEqual([]);
  // A node that goes and comes back is found again by its address.
  const gone = members.pop()!;
  await gone.node.stop();
  await until("it is gone", () => members.every(({ node }) => node.control.peers.length === 1));
  members.push(await member(HOSTS[2], port, `nodes.test:${port}`, dns));
  await until("it is back", () => members.every(({ node }) => node.control.peers.length === 2));
});
