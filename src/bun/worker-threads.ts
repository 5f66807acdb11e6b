import {
  MessageChannel,
  parentPort,
  Worker,
  workerData,
  type MessagePort,
} from "node:worker_threads";

import { MisuseError } from "../base/error.ts";
import type { PortEnd, Thread, ThreadPort, Threads, Transfer } from "../port/threads.ts";

/** What a thread of a node runs. */
export type Role = Parameters<Threads["start"]>[0];

/** What the thread that runs this was started with; see `startedThread`. */
export interface StartedThread {
  readonly role: Role;
  readonly data: unknown;
  /** Leads to the thread that started this one. */
  readonly port: ThreadPort;
}

type Transferable = ArrayBuffer | MessagePort;

/** What ports, workers and `parentPort` have in common. */
interface Channel {
  postMessage(message: unknown, transfer: Transferable[]): void;
  postMessage(message: unknown): void;
  on(event: "message", handler: (message: unknown) => void): unknown;
  close?(): void;
}

/** Keeps messages until somebody receives: a worker's channel would drop what comes before its first listener. */
class ChannelPort implements ThreadPort {
  readonly #channel: Channel;
  #early: unknown[] | undefined = [];
  #handler: ((message: unknown) => void) | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.on("message", (message) => {
      if (this.#handler === undefined) this.#early?.push(message);
      else this.#handler(message);
    });
  }

  post(message: unknown, transfer?: Transfer): void {
    if (transfer === undefined) this.#channel.postMessage(message);
    else this.#channel.postMessage(message, transfer as unknown as Transferable[]);
  }

  receive(handler: (message: unknown) => void): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#handler = handler;
    for (const message of early) handler(message);
  }

  close(): void {
    this.#channel.close?.();
  }
}

/**
 * The file that a new thread runs. In the executable all code sits in one folder of bundles; in the source tree and in
 * the npm package it stands where it was written. See docs/decisions/0042.
 */
function entryUrl(): URL {
  const embedded = import.meta.url.includes("/$bunfs/");
  return new URL(
    embedded ? "./scheduler-thread.ts" : "../../bin/scheduler-thread.ts",
    import.meta.url,
  );
}

const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));

/** Threads as workers of Bun. `entry` is for executables that embed the worker's file elsewhere. */
export function createThreads(entry: URL = entryUrl()): Threads {
  return {
    start(role, data, exited, transfer): Thread {
      const worker = new Worker(entry, {
        workerData: { role, data },
        ...(transfer === undefined ? {} : { transferList: transfer as unknown as Transferable[] }),
      });
      let failure: Error | undefined;
      worker.on("error", (error) => (failure ??= asError(error)));
      worker.once("exit", () => exited(failure));
      return {
        port: new ChannelPort(worker),
        // The promise only repeats what "exit" says.
        terminate: () => void worker.terminate(),
      };
    },
    channel() {
      const { port1, port2 } = new MessageChannel();
      return [port1 as unknown as PortEnd, port2 as unknown as PortEnd];
    },
    port: (end) => new ChannelPort(end as unknown as MessagePort),
  };
}

/**
 * What this thread was started with. For the entry of a thread, once and before its first `await`.
 * @throws {MisuseError} not_running on a thread that `createThreads` did not start
 */
export function startedThread(): StartedThread {
  if (parentPort === null || typeof workerData !== "object" || workerData === null) {
    throw new MisuseError(
      "not_running",
      "this file is the entry of a thread, it is not run by hand",
    );
  }
  const { role, data } = workerData as { role: Role; data: unknown };
  return { role, data, port: new ChannelPort(parentPort) };
}
