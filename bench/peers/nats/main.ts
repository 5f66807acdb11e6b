/** The sending side of the benchmark over NATS: `main.ts PORT`. Its receiver is sink.ts. */
import { connect } from "@nats-io/transport-node";

import {
  answerLines,
  FLOODS,
  JSON_MESSAGES,
  rateOf,
  roundTrips,
  type Flood,
} from "../line-loop.ts";

const connection = await connect({ servers: `127.0.0.1:${process.argv[2]}` });
const encoder = new TextEncoder();
const BYTES = { b1k: new Uint8Array(1_024), b64k: new Uint8Array(65_536) };
/** Messages after which the sender waits until the server has all. */
const BURST = { small: 1_024, record: 1_024, b1k: 512, b64k: 16 };

function payload(kind: Flood, n: number): Uint8Array {
  return kind === "b1k" || kind === "b64k"
    ? BYTES[kind]
    : encoder.encode(JSON.stringify(JSON_MESSAGES[kind](n)));
}

async function flood(kind: Flood): Promise<Record<string, number>> {
  const done = Promise.withResolvers<void>();
  const subscription = connection.subscribe("done", { max: 1, callback: () => done.resolve() });
  await connection.request("expect", JSON.stringify({ kind, count: FLOODS[kind] }));
  const start = performance.now();
  for (let n = 0; n < FLOODS[kind]; n++) {
    connection.publish("sink", payload(kind, n));
    if (n % BURST[kind] === 0) await connection.flush();
  }
  await done.promise;
  subscription.unsubscribe();
  return { [`flood.${kind}`]: rateOf(kind, start) };
}

const EMPTY = new Uint8Array(0);
await answerLines({
  "flood.small": () => flood("small"),
  "flood.record": () => flood("record"),
  "flood.b1k": () => flood("b1k"),
  "flood.b64k": () => flood("b64k"),
  rtt: () => roundTrips(async () => void (await connection.request("echo", EMPTY))),
});
