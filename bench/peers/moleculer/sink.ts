/** The receiving side of the benchmark over Moleculer: `sink.ts OWN_PORT PEER_PORT`. */
import { startBroker } from "./broker.ts";

const broker = startBroker("b", Number(process.argv[2]), Number(process.argv[3]));
let left = 0;
broker.createService({
  name: "sink",
  actions: {
    echo: (context: { params: unknown }) => context.params,
    expect: (context: { params: { count: number } }) => {
      left = context.params.count;
    },
  },
  events: {
    message() {
      if (--left === 0) void broker.emit("done");
    },
  },
});
await broker.start();
console.log("ready");
