import { expect, test } from "bun:test";

import { BinaryCluster, sees } from "./support/binary-cluster.ts";
import { Network, networkRefusal, type Host } from "./support/netns.ts";

const refused = networkRefusal() !== undefined;
/** As long as a host waits for an answer that does not come. */
const WAIT_MS = 300;

/** A program that listens on a host and says `here` to whoever connects, until it is killed. */
const SERVER = `
const listener = Bun.listen({ hostname: "0.0.0.0", port: 7777, socket: { open(s) { s.end("here"); }, data() {} } });
console.log("up");
setTimeout(() => listener.stop(true), 30_000);`;

/** Connects to an address and says whether something came back. */
const client = (address: string): string => `
setTimeout(() => { console.log("silence"); process.exit(0); }, ${WAIT_MS});
Bun.connect({ hostname: "${address}", port: 7777, socket: {
  data(_s, chunk) { console.log(chunk.toString()); process.exit(0); } } }).catch(() => {});`;

async function hears(from: Host, to: Host): Promise<boolean> {
  await using program = Bun.spawn([...from.within, process.execPath, "-e", client(to.address)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = (await program.stdout.text()).trim();
  expect(said).toBeOneOf(["here", "silence"]);
  return said === "here";
}

async function serve(host: Host): Promise<AsyncDisposable> {
  const program = Bun.spawn([...host.within, process.execPath, "-e", SERVER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await program.stdout.getReader().read();
  return program;
}

test.skipIf(refused)("hosts reach each other unless they are cut off or unplugged", async () => {
  using network = new Network(3);
  const [one, two, three] = [network.host(1), network.host(2), network.host(3)];
  await using _two = await serve(two);
  await using _three = await serve(three);
  expect(await hears(one, two)).toBe(true);
  network.cut(one, two);
  expect(await hears(one, two)).toBe(false);
  expect(await hears(one, three)).toBe(true);
  network.restore(one, two);
  expect(await hears(one, two)).toBe(true);
  network.cut(two, one, { oneWay: true });
  expect(await hears(one, two)).toBe(false);
  network.unplug(three);
  expect(await hears(two, three)).toBe(false);
  network.heal();
  expect(await hears(one, three)).toBe(true);
  expect(await hears(one, two)).toBe(true);
});

test.skipIf(refused)("a network that is disposed leaves no namespace", () => {
  const network = new Network(2);
  const namespaces = () =>
    Bun.spawnSync(["ip", "netns", "list"])
      .stdout.toString()
      .split("\n")
      .filter((line) => line.startsWith(`snow-${process.pid}-`));
  expect(namespaces()).toHaveLength(3);
  network[Symbol.dispose]();
  expect(namespaces()).toEqual([]);
});

test.skipIf(refused)(
  "nodes on hosts of their own find each other, and the one that is cut off is missed",
  async () => {
    using network = new Network(2);
    await using cluster = await BinaryCluster.start();
    const args = [
      ...["--cluster-tick-interval", "200ms", "--cluster-tick-timeout", "200ms"],
      ...["--cluster-session-grace", "0s"],
    ];
    const a = await cluster.add("a", { host: network.host(1), args });
    const b = await cluster.add("b", { host: network.host(2), args });
    await sees(a, b.name);
    network.unplug(network.host(2));
    await a.logged("seen", { what: "nodedown", peer: b.name });
    await b.logged("seen", { what: "nodedown", peer: a.name });
    network.plug(network.host(2));
    for (const [node, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      const from = node.lines.all.findIndex((line) => node.fields(line)?.what === "nodedown");
      await node.lines.waitFor((text) => text.includes('"nodeup"') && text.includes(peer.name), {
        from,
      });
    }
  },
);
