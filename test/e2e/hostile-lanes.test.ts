/** Peers in good standing that dial lanes which are not theirs. */
import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";

import type { Established } from "../../src/session/handshake/handshake-io.ts";
import { InsiderConnection, joinLane } from "./support/insider.ts";
import { Siege } from "./support/siege.ts";
import { Talker } from "./support/talker.ts";

/** So that a lane of any number is dialled at the port of scheduler 1. */
function atFirst({ peer, ...rest }: Established, changed: Partial<Established>): Established {
  const [port] = peer.hello.lanePorts;
  const lanePorts = Array.from({ length: 63 }, () => port!);
  return { ...rest, ...changed, peer: { ...peer, hello: { ...peer.hello, lanePorts } } };
}

test("a lane with another session's key, of another scheduler, of no number that there is, or replayed, is refused; the good one stands", async () => {
  await using siege = await Siege.lay(["--limits-handshake", "1s"]);
  await siege.withstands(2, async () => {
    using own = await Talker.join(siege, { schedulers: 2 });
    using other = await Talker.join(siege, { schedulers: 2 });
    const recorded: Uint8Array[] = [];
    const good = await joinLane(own.established, 1, (bytes) => {
      recorded.push(bytes);
      return { bytes, last: false };
    });
    let isCut = false;
    void good.connection.closed.then(() => (isCut = true));
    const { laneKey } = other.established;
    const wrong: readonly [number, Established][] = [
      [1, atFirst(own.established, { laneKey })],
      [1, atFirst(own.established, { session: other.established.session })],
      [1, atFirst(own.established, { session: randomBytes(16) })],
      [2, atFirst(own.established, {})],
      [63, atFirst(own.established, {})],
    ];
    const lanes = await Promise.all(wrong.map(([lane, as]) => joinLane(as, lane)));
    expect(lanes.map(({ peerReceived }) => peerReceived)).toEqual(wrong.map(() => undefined));
    using replay = new InsiderConnection("127.0.0.1", own.established.peer.hello.lanePorts[0]!);
    for (const bytes of recorded) await replay.write(bytes);
    await replay.closed;
    expect([isCut, own.isOver, other.isOver]).toEqual([false, false, false]);
    good.connection[Symbol.dispose]();
  });
  for (const code of ["bad_digest", "bad_lane", "unexpected_message"]) {
    const lines = siege.target.log("lane connection refused").filter((line) => line.code === code);
    expect(lines.length).toBeGreaterThan(0);
  }
});
