/** Peers that do not know the cookie, or break off on the way: what they do costs the node nothing that stays. */
import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";

import { encodeLaneHello } from "../../src/wire/lane-message.ts";
import { guessedProof, hello } from "./support/hello.ts";
import { insiderName, joinAs, joinLane, type Tamper } from "./support/insider.ts";
import { inBatches, Siege } from "./support/siege.ts";
import { Stranger } from "./support/stranger.ts";

/** Fewer than a node lets wait from one address, so that none is closed for another one's sake. */
const WIDTH = 24;

/** Of the frames that a dialler sends, number `index` is cut behind so many bytes. */
const cutting =
  (index: number, length: number): Tamper =>
  (frame, number) =>
    number < index
      ? { bytes: frame, last: false }
      : { bytes: frame.subarray(0, length), last: true };

/** The same, but what is left is a whole frame: its length says so. */
const shortened =
  (index: number, length: number): Tamper =>
  (frame, number) => {
    if (number < index) return { bytes: frame, last: false };
    const bytes = frame.slice(0, Math.max(4, length));
    new DataView(bytes.buffer).setUint32(0, bytes.length - 4, true);
    return { bytes, last: true };
  };

/** Keeps how long each frame is, and swallows the last one: nothing comes to stand. */
const measuring =
  (lengths: number[], frames: number): Tamper =>
  (bytes, index) => {
    lengths[index] = bytes.length;
    const last = index === frames - 1;
    return { bytes: last ? new Uint8Array(0) : bytes, last };
  };

/** Every way to break a handshake off whose frames are so long. */
const cuts = (lengths: readonly number[]): Tamper[] =>
  lengths.flatMap((bytes, index) =>
    Array.from({ length: bytes }, (_, length) => [
      cutting(index, length),
      shortened(index, length),
    ]).flat(),
  );

test("a handshake that is broken off at any byte of any message, or that lacks its end, leads to no session", async () => {
  await using siege = await Siege.lay();
  const { target, cookie } = siege;
  const lengths: number[] = [];
  // As arbiter it sends HELLO, PROOF and COMMIT.
  await (
    await joinAs(target, cookie, { tamper: measuring(lengths, 3) })
  ).connection.closed;
  expect(lengths).toHaveLength(3);
  const ups = () => target.log("node up").length;
  await siege.withstands(1, async () => {
    const before = ups();
    await inBatches(cuts(lengths), WIDTH, async (tamper) => {
      const { connection } = await joinAs(target, cookie, { tamper });
      await connection.closed;
    });
    expect(ups()).toBe(before);
  });
});

test("a lane that is broken off at any byte of its handshake leaves the session as it was", async () => {
  await using siege = await Siege.lay();
  const { established } = await joinAs(siege.target, siege.cookie, { hello: { schedulers: 2 } });
  const lengths: number[] = [];
  await (
    await joinLane(established!, 1, measuring(lengths, 3))
  ).connection.closed;
  expect(lengths).toHaveLength(3);
  await siege.withstands(1, () =>
    inBatches(cuts(lengths), WIDTH, async (tamper) => {
      const { connection } = await joinLane(established!, 1, tamper);
      await connection.closed;
    }),
  );
  // The session stands, and the lane is still to be had.
  using good = (await joinLane(established!, 1)).connection;
  expect(good).toBeDefined();
});

/** A HELLO with other bytes at an offset of its body, counted from behind the length. */
const patched = (offset: number, ...bytes: number[]): Uint8Array => {
  const frame = hello({ address: { host: "127.0.0.1", port: 1 }, lanePorts: [1] });
  frame.set(bytes, 4 + offset);
  return frame;
};

const longName = `${"x".repeat(250)}@127.0.0.1`;

const BAD_HELLOS: Readonly<Record<string, Uint8Array>> = {
  "no kind": patched(0, 0),
  "a kind that nobody knows": patched(0, 0x7f),
  "another magic": patched(1, 0),
  "version 0": patched(5, 0, 0),
  "a range upside down": patched(5, 9, 0, 1, 0),
  "versions of the future": patched(5, 99, 0, 99, 0),
  "every capability required": patched(13, 255, 255, 255, 255),
  "a TLS mode that does not exist": patched(17, 3),
  "TLS off": patched(17, 0),
  "creation 0": patched(19, 0, 0, 0, 0, 0, 0),
  "a tick interval of 0": patched(57, 0, 0, 0, 0),
  "a name longer than the frame": patched(65, 255, 255),
  "a name of no bytes": hello({ name: "" }),
  "a name without a host": hello({ name: "stranger" }),
  "a name with a line end": hello({ name: "stran\nger@127.0.0.1" }),
  "a name that is not UTF-8": patched(67, 0xff, 0xfe),
  "a name of 260 bytes": hello({ name: longName }),
  "a host of 300 bytes": hello({ address: { host: "h".repeat(300), port: 1 }, lanePorts: [1] }),
  "port 0": hello({ address: { host: "127.0.0.1", port: 0 }, lanePorts: [1] }),
  "64 schedulers": hello({ schedulers: 64 }),
  "lane port 0": hello({ address: { host: "127.0.0.1", port: 1 }, lanePorts: [0] }),
  "more schedulers than ports": hello({
    address: { host: "127.0.0.1", port: 1 },
    schedulers: 63,
    lanePorts: [1],
  }),
};

const length = (bytes: number): Uint8Array => {
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, bytes, true);
  return prefix;
};

const BAD_FRAMES: Readonly<Record<string, Uint8Array>> = {
  ...BAD_HELLOS,
  "a frame of no bytes": length(0),
  "4,097 bytes announced": length(4_097),
  "2 GiB announced": length(2 ** 31),
  "4 GiB announced": length(2 ** 32 - 1),
  "4,096 bytes of anything": Buffer.concat([length(4_096), randomBytes(4_096)]),
  "a proof of nothing": guessedProof(),
  "a lane's HELLO": encodeLaneHello({
    session: randomBytes(16),
    lane: 1,
    nonce: randomBytes(32),
  }),
  "a megabyte of noise": randomBytes(1_048_576),
};

test("every field of a HELLO out of its range, every length over the limit, and noise are refused at once", async () => {
  await using siege = await Siege.lay();
  await siege.withstands(3, async () => {
    for (const [what, bytes] of Object.entries(BAD_FRAMES)) {
      using stranger = await Stranger.dial(siege.target.port, { tls: true });
      await stranger.write(bytes);
      const ended = await Promise.race([
        stranger.closed().then(() => true),
        // The limit of a handshake is far off: who is refused is refused at once.
        Bun.sleep(4_000).then(() => false),
      ]);
      expect({ what, ended }).toEqual({ what, ended: true });
      expect(stranger.bytesReceived).toBeLessThan(1_024);
    }
  });
});

test("no TLS at all, and TLS that turns into noise, are closed", async () => {
  await using siege = await Siege.lay(["--limits-handshake", "500ms"]);
  await siege.withstands(3, async () => {
    for (const bytes of [randomBytes(65_536), Buffer.from("GET / HTTP/1.1\r\n\r\n"), hello()]) {
      using stranger = await Stranger.dial(siege.target.port, { tls: false });
      await stranger.write(bytes);
      await stranger.closed();
    }
  });
});

test("many that drip byte by byte hold up nobody and are closed when a handshake's time is over", async () => {
  await using siege = await Siege.lay(["--limits-handshake", "700ms"]);
  await siege.withstands(1, async () => {
    const drip = async (): Promise<void> => {
      using stranger = await Stranger.dial(siege.target.port, { tls: true });
      let over = false;
      void stranger.closed().then(() => (over = true));
      for (const byte of hello()) {
        if (over) break;
        await stranger.write(Uint8Array.of(byte));
        await Bun.sleep(25);
      }
      await stranger.closed();
    };
    await Promise.all(Array.from({ length: 50 }, drip));
  });
});

test("1,000 silent connections, all of them kept by the node, hold up nobody", async () => {
  await using siege = await Siege.lay([
    ...["--limits-unauthenticated-per-address", "1024", "--limits-handshake", "30s"],
  ]);
  await siege.withstands(1, async () => {
    using silent = new DisposableStack();
    const dials = Array.from({ length: 1_000 }, (_, number) => number);
    await inBatches(dials, 50, async (number) => {
      silent.use(await Stranger.dial(siege.target.port, { tls: number % 4 === 0 }));
    });
    // Another node gets in while they are there.
    const guest = await siege.cluster.add("beside", { connect: [siege.target] });
    await guest.logged("node up", { node: siege.target.name });
    await guest.stop();
  });
});

test("a flood of proofs with a wrong cookie is refused one by one, and nothing is said that helps to guess", async () => {
  await using siege = await Siege.lay();
  await siege.withstands(2, () =>
    inBatches(
      Array.from({ length: 300 }, (_, number) => number),
      WIDTH,
      async () => {
        using stranger = await Stranger.dial(siege.target.port, { tls: true });
        await stranger.write(hello({ name: insiderName(true) }));
        await stranger.write(guessedProof());
        await stranger.closed();
        expect(stranger.bytesReceived).toBeLessThan(512);
      },
    ),
  );
});
