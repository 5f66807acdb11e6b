/** A worker that does by hand what the benchmark's processes do: sends each number back, and adds up what it gets. */
import { parentPort } from "node:worker_threads";

type Message =
  | { readonly n: number }
  | { readonly type: "add"; readonly by: number }
  | { readonly count: number };

let sum = 0;
let left = 0;
parentPort?.on("message", (message: Message) => {
  if ("n" in message) parentPort?.postMessage({ n: message.n + 1 });
  else if ("count" in message) [sum, left] = [0, message.count];
  else {
    sum += message.by;
    if (--left === 0) parentPort?.postMessage({ sum });
  }
});
