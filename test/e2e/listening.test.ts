import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";

import { BinaryCluster } from "./support/binary-cluster.ts";
import { Network, networkRefusal } from "./support/netns.ts";

const refused = networkRefusal() !== undefined;
/** As the kernel writes the state of a socket that listens. */
const LISTENING = "0A";

/** `address:port` of every TCP socket that listens on the host where a process runs. */
function listening(pid: number): string[] {
  const rows = readFileSync(`/proc/${pid}/net/tcp`, "utf8").trim().split("\n").slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTENING)
    .map(([, local = ""]) => {
      const [address = "", port = ""] = local.split(":");
      const bytes = Uint8Array.fromHex(address).toReversed();
      return `${bytes.join(".")}:${Number.parseInt(port, 16)}`;
    })
    .toSorted();
}

test.skipIf(refused)(
  "TL-07 a node listens on the address and the ports that it was told, and on no other; peers find its lanes there",
  async () => {
    using network = new Network(2);
    await using cluster = await BinaryCluster.start();
    const [one, two] = [network.host(1), network.host(2)];
    const a = await cluster.add("a", {
      host: one,
      port: 4369,
      args: ["--listen-host", one.address, "--listen-lane-ports", "4400-4401"],
    });
    const b = await cluster.add("b", { host: two });
    await cluster.meshed();
    expect(listening(a.program.pid)).toEqual(
      [4369, 4400, 4401].map((port) => `${one.address}:${port}`),
    );
    await b.tool("spawn", b.hint, "talk", JSON.stringify([a.name]));
    await b.logged("talked");
    const [peer] = JSON.parse((await b.verb("nodes", "--json")).stdout) as { lanes: number }[];
    expect(peer?.lanes).toBe(2);
  },
);
