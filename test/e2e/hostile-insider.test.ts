/** Peers that know the cookie and send what no peer may send: their session ends, and nothing else does. */
import { expect, test } from "bun:test";

import { Prng } from "../../src/base/prng.ts";
import { frameVectors } from "../support/frame-vectors.ts";
import { damaged } from "../../scripts/fuzz/damage.ts";
import { data, firstPiece, frame, ON_CONTROL, ON_LANE } from "./support/garbage.ts";
import { insiderName, joinAs, joinLane } from "./support/insider.ts";
import { inBatches, Siege } from "./support/siege.ts";
import { FrameKind } from "../../src/wire/frame.ts";

const WIDTH = 8;

/** A session in good order; `lane` 1 stands as well if asked for. */
async function session(siege: Siege, options: { readonly lane: boolean }) {
  const name = insiderName(true);
  const { connection, established } = await joinAs(siege.target, siege.cookie, { hello: { name } });
  await connection.write(frame(FrameKind.CONTROL_READY, [0, 6]));
  const lane = options.lane ? (await joinLane(established!, 1)).connection : undefined;
  return { name, connection, lane };
}

async function endsBy(siege: Siege, where: "control" | "lane", bytes: Uint8Array): Promise<void> {
  const { connection, lane } = await session(siege, { lane: where === "lane" });
  await (where === "lane" ? lane! : connection).write(bytes);
  await connection.closed;
  lane?.[Symbol.dispose]();
}

test.each([
  { where: "control" as const, garbage: ON_CONTROL },
  { where: "lane" as const, garbage: ON_LANE },
])(
  "garbage on $where after a valid handshake ends that session at once",
  async ({ where, garbage }) => {
    await using siege = await Siege.lay();
    await siege.withstands(2, async () => {
      for (const [what, bytes] of Object.entries(garbage)) {
        const ended = await Promise.race([
          endsBy(siege, where, bytes).then(() => true),
          Bun.sleep(4_000).then(() => false),
        ]);
        expect({ what, ended }).toEqual({ what, ended: true });
      }
    });
  },
);

test("damaged frames of every kind, on control and on lanes, end in a session that is over or in one that goes on", async () => {
  await using siege = await Siege.lay();
  const random = new Prng(20_251);
  const vectors = [...frameVectors().values()];
  await siege.withstands(1, () =>
    inBatches(
      Array.from({ length: 200 }, (_, number) => number),
      WIDTH,
      async (number) => {
        const { connection, lane } = await session(siege, { lane: true });
        const to = number % 2 === 0 ? connection : lane!;
        for (let frames = 0; frames < 5; frames++) await to.write(damaged(vectors, random));
        // What the node makes of it is its business; that it is still there is what counts.
        connection[Symbol.dispose]();
        lane![Symbol.dispose]();
      },
    ),
  );
});

test("control messages that never end are cut off at their limit, and cost no more than they brought", async () => {
  await using siege = await Siege.lay();
  await siege.withstands(2, async () => {
    const { connection } = await session(siege, { lane: false });
    const piece = new Uint8Array(65_000);
    let over = false;
    void connection.closed.then(() => (over = true));
    for (let number = 1; number < 600 && !over; number++)
      await connection.write(data(number, 0, [0, 1], piece));
    await connection.closed;
  });
});

test("series of fragments that never end cost no more than they brought, and are forgotten with their session", async () => {
  await using siege = await Siege.lay();
  await siege.withstands(3, async () => {
    const { connection, lane } = await session(siege, { lane: true });
    // 16 signals of a megabyte that lack their last piece.
    for (let series = 1; series <= 16; series++) {
      await lane!.write(data(series, 0, ...firstPiece(series, 1_000_000, new Uint8Array(60_000))));
    }
    connection[Symbol.dispose]();
    lane![Symbol.dispose]();
  });
});
