/** The worker of test/platform.test.ts; the first message says what it is to do. */
import { parentPort, type MessagePort } from "node:worker_threads";

type Task =
  | { does: "spin" }
  | { does: "survive" }
  | { does: "wait"; shared: SharedArrayBuffer }
  | { does: "port"; port: MessagePort; say?: string };

parentPort!.once("message", (task: Task) => {
  switch (task.does) {
    case "spin":
      parentPort!.postMessage("spinning");
      for (;;) Math.random();
    case "survive":
      process.on("uncaughtException", (error) =>
        parentPort!.postMessage(`exception: ${error.message}`),
      );
      process.on("unhandledRejection", (error) =>
        parentPort!.postMessage(`rejection: ${(error as Error).message}`),
      );
      setTimeout(() => {
        throw new Error("one");
      }, 0);
      parentPort!.on("message", (next: string) => {
        if (next === "reject") void Promise.reject(new Error("two"));
        else parentPort!.postMessage("alive");
      });
      break;
    case "wait": {
      const cells = new Int32Array(task.shared);
      Atomics.wait(cells, 0, 0);
      Atomics.add(cells, 1, cells[0]!);
      Atomics.notify(cells, 1);
      break;
    }
    case "port":
      task.port.on("message", (message) => parentPort!.postMessage(message));
      if (task.say !== undefined) task.port.postMessage(task.say);
  }
});
