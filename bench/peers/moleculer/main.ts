/** The sending side of the benchmark over Moleculer's TCP transporter: `main.ts OWN_PORT PEER_PORT`. Its receiver is sink.ts. */
import {
  answerLines,
  FLOODS,
  JSON_MESSAGES,
  rateOf,
  roundTrips,
  type Flood,
} from "../line-loop.ts";
import { startBroker } from "./broker.ts";

const broker = startBroker("a", Number(process.argv[2]), Number(process.argv[3]));
/** Its serializer is JSON, which has no bytes: text of the same length. */
const TEXT = { b1k: "x".repeat(1_024), b64k: "x".repeat(65_536) };
/** Messages in flight: more only wait in its queues. */
const WIDTH = { small: 512, record: 512, b1k: 256, b64k: 16 };

const message = (kind: Flood, n: number): unknown =>
  kind === "b1k" || kind === "b64k" ? { text: TEXT[kind] } : JSON_MESSAGES[kind](n);

let done = () => {};
broker.createService({ name: "source", events: { done: () => done() } });
await broker.start();
await broker.waitForServices(["sink"]);

async function flood(kind: Flood): Promise<Record<string, number>> {
  const { promise, resolve } = Promise.withResolvers<void>();
  done = resolve;
  await broker.call("sink.expect", { count: FLOODS[kind] });
  const start = performance.now();
  for (let n = 0; n < FLOODS[kind]; n++) {
    void broker.emit("message", message(kind, n), { groups: ["sink"] });
    // An answer that has come back says that the other side keeps up.
    if (n % WIDTH[kind] === 0) await broker.call("sink.echo", 0);
  }
  await promise;
  return { [`flood.${kind}`]: rateOf(kind, start) };
}

await answerLines({
  "flood.small": () => flood("small"),
  "flood.record": () => flood("record"),
  "flood.b1k": () => flood("b1k"),
  "flood.b64k": () => flood("b64k"),
  rtt: () => roundTrips(async (n) => void (await broker.call("sink.echo", n))),
});
