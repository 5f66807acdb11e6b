/** The receiving side of the benchmark over NATS: `sink.ts PORT`. */
import { connect } from "@nats-io/transport-node";

const connection = await connect({ servers: `127.0.0.1:${process.argv[2]}` });
let [left, isJson] = [0, false];
/** What was decoded last, so that decoding is not taken for dead code. */
let last: unknown;

connection.subscribe("sink", {
  callback(_error, message) {
    last = isJson ? message.json() : message.data;
    if (--left === 0) connection.publish("done");
  },
});
connection.subscribe("expect", {
  callback(_error, message) {
    const { kind, count } = message.json<{ kind: string; count: number }>();
    [left, isJson] = [count, kind === "small" || kind === "record"];
    message.respond();
  },
});
connection.subscribe("echo", { callback: (_error, message) => void message.respond(message.data) });
await connection.flush();
console.log("ready");
process.on("exit", () => void last);
