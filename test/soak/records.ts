/** What the processes of a soak write down, one line of JSON each, in files beside the distribution that is under test. */
import { existsSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";

import type { Pid } from "snow-node";

/** What one process saw or did, in its own order. Pids and references are text, reasons are JSON. */
export type Seen =
  // Pairs: a sender numbers what it sends to one receiver.
  | { readonly what: "sending"; readonly stream: string; readonly upTo: number }
  | { readonly what: "sent"; readonly stream: string; readonly last: number }
  | { readonly what: "receiver"; readonly stream: string; readonly from: string }
  | { readonly what: "got"; readonly stream: string; readonly seq: number; readonly whole: boolean }
  // As many `got` in a row, each the next number and whole: what a reader makes of them.
  | { readonly what: "run"; readonly from: number; upTo: number }
  // Nodes, of whoever asked to be told.
  | { readonly what: "nodes"; readonly present: readonly string[] }
  | { readonly what: "nodeup"; readonly node: string }
  | { readonly what: "nodedown"; readonly node: string; readonly reason: unknown }
  // Monitors.
  | { readonly what: "monitor"; readonly ref: string; readonly target: string }
  | { readonly what: "demonitor"; readonly ref: string }
  | { readonly what: "down"; readonly ref: string; readonly reason: unknown }
  // Links, told by both ends. `sure`: the other end has answered since, so it is linked too.
  | { readonly what: "link"; readonly to: string }
  | { readonly what: "sure"; readonly to: string }
  | { readonly what: "unlink"; readonly to: string }
  | { readonly what: "exit"; readonly from: string; readonly reason: unknown }
  // Spawns.
  | { readonly what: "spawn"; readonly id: string; readonly linked: boolean }
  | { readonly what: "spawned"; readonly id: string; readonly pid: string }
  | { readonly what: "refused"; readonly id: string; readonly code: string }
  | { readonly what: "born"; readonly id: string }
  // Calls and rpcs.
  | { readonly what: "call"; readonly id: string; readonly kind: string }
  | { readonly what: "served"; readonly id: string }
  | { readonly what: "answered"; readonly id: string; readonly right: boolean }
  | { readonly what: "failed"; readonly id: string; readonly code: string }
  // Anything in a mailbox that has no business there.
  | { readonly what: "stray"; readonly message: string }
  // A wait for what must come was given up.
  | { readonly what: "missing"; readonly of: string }
  // The last line of a process.
  | { readonly what: "end"; readonly reason: unknown };

/** A line of a record: who saw it, and when by the clock of its node, in ms since 1970. */
export type SoakRecord = Seen & { readonly at: number; readonly by: string };

const folder = (): string => {
  const path = process.env["SOAK_FOLDER"];
  if (path === undefined) throw new Error("SOAK_FOLDER is not set");
  return path;
};

let file: number | undefined;

/** Writes one line, which outlives this program however it ends. One file for each thread. */
export function record(by: Pid, seen: Seen): void {
  const name = `${by.node}.${process.pid}.${threadId}.jsonl`;
  file ??= openSync(join(folder(), "records", name), "a");
  writeSync(file, `${JSON.stringify({ at: Date.now(), by, ...seen })}\n`);
}

/** The mixing is over: what runs comes to its end, and nothing new begins. */
export const over = (): boolean => existsSync(join(folder(), "over"));

/** Names of all nodes of the soak. */
export const nodes = (): string[] => (process.env["SOAK_NODES"] ?? "").split(" ");
