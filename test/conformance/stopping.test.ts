import { join } from "node:path";

import { expect, test } from "bun:test";

import { liveNodes, until } from "../support/live-node.ts";
import { sleeper } from "./actors.ts";

const PROGRAM = join(import.meta.dir, "fixtures/two-nodes.ts");

for (const [how, answer] of [
  ["inline", "b@127.0.0.1\n"],
  ["threads", "a@127.0.0.1\n"],
] as const) {
  test(`LC-01 LC-03 a program whose nodes have stopped, ${how}, ends by itself: no socket, timer or thread is left`, async () => {
    const program = Bun.spawn([process.execPath, PROGRAM, how], { stdout: "pipe", stderr: "pipe" });
    const late = setTimeout(() => program.kill("SIGKILL"), 10_000);
    const output = await new Response(program.stdout).text();
    const code = await program.exited;
    clearTimeout(late);
    expect([output, code, program.signalCode]).toEqual([answer, 0, null]);
  });
}

test("LC-01 LC-03 BP-19 a node that stops closes every socket, and does not wait for a peer that is dead", async () => {
  for (const isDead of [false, true]) {
    /* oxlint-disable no-await-in-loop -- one after the other */
    await using nodes = await liveNodes(["a", "b"]);
    const [a, b] = [nodes.node("a"), nodes.node("b")];
    await a.caller.spawnOn(b.name, sleeper, []);
    if (isDead) {
      b.wires.freeze();
      // Something waits to be written to the dead peer.
      a.caller.send({ name: "nobody", node: b.name }, new Uint8Array(20 * 1024 * 1024));
    }
    const since = performance.now();
    await a.stop();
    expect(performance.now() - since).toBeLessThan(2_500);
    if (isDead) b.wires.thaw();
    await until("no sockets", () => a.wires.open === 0);
    await until("none at the peer", () => b.wires.open === 0);
    if (!isDead) expect(a.leaks()).toEqual([]);
    /* oxlint-enable no-await-in-loop */
  }
});
