/** Somebody who connects to a node and does not speak its protocol: noise, a cut HELLO, another's words repeated. */
import { copyOf } from "../base/bytes.ts";
import { Prng } from "../base/prng.ts";
import type { Connection, ConnectionHandler } from "../port/transport.ts";
import type { Owner } from "./event-queue.ts";
import type { World } from "./world.ts";

/** A host of the world that no node lives on. */
const STRANGER_HOST = "10.9.9.9";

/** Bytes that a stranger says at most. */
const BYTES_MAX = 2_000;

/** Milliseconds after which an impatient one hangs up; a patient one never does. */
const PATIENCE_MS = 500;

/** `SNOW` behind a frame's length and kind: what begins like a HELLO is read further than what does not. */
const HELLO_HEAD = [0x40, 0, 0, 0, 1, 0x53, 0x4e, 0x4f, 0x57];

/** Dials one of the node's ports, says what `seed` decides, and goes. */
export function sendGarbage(world: World, short: string, seed: number): void {
  const random = new Prng(seed);
  const host = world.hostOf(short);
  const ports = world.network.ports(host);
  const port = ports[random.below(ports.length)];
  if (port === undefined) return;
  const stranger: Owner = { name: "a stranger", stalledUntil: 0, dead: false };
  let connection: Connection | undefined;
  const leave = (): void => {
    if (random.below(2) === 0) connection?.terminate();
    else connection?.end();
    connection = undefined;
  };
  const handler: ConnectionHandler = {
    opened: (opened) => {
      connection = opened;
      const bytes = wordsOf(world, random);
      opened.write(bytes, 0, bytes.length);
      const patience = random.below(3);
      if (patience === 0) leave();
      else if (patience === 1) world.after(PATIENCE_MS, leave);
    },
    received: () => undefined,
    drained: () => undefined,
    closed: () => (connection = undefined),
  };
  world.network.dial(STRANGER_HOST, { host, port }, stranger, handler);
}

function wordsOf(world: World, random: Prng): Uint8Array {
  const noise = Uint8Array.from({ length: random.below(BYTES_MAX) }, () => random.below(256));
  const overheard = world.network.overheard;
  switch (random.below(4)) {
    case 0:
      return noise;
    case 1:
      noise.set(HELLO_HEAD.slice(0, noise.length));
      return noise;
    case 2:
      return overheard;
    default: {
      // Another's words with one byte changed.
      const changed = copyOf(overheard, 0, overheard.length);
      if (changed.length > 0) changed[random.below(changed.length)]! ^= 1 + random.below(255);
      return changed;
    }
  }
}
