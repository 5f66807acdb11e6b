/**
 * A program of its own, because under `bun test` a worker's handlers are not asked: starts test/support/platform/worker.ts
 * with the task `survive` and prints what it says.
 */
import { Worker } from "node:worker_threads";

const worker = new Worker(new URL("./worker.ts", import.meta.url));
worker.on("error", (error: Error) => console.log(`died: ${error.message}`));
worker.on("message", (message: string) => {
  console.log(message);
  if (message.startsWith("exception")) worker.postMessage("reject");
  else if (message.startsWith("rejection")) worker.postMessage("alive?");
  else void worker.terminate();
});
worker.postMessage({ does: "survive" });
