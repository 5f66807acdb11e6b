/**
 * What a node costs before it does anything: the time from the start of the process until it says that it is up, and the
 * memory that it holds when idle, with one scheduler. Beside it Erlang's `erl` with distribution, where it is installed.
 */
import { readFileSync } from "node:fs";

import { BinaryNode, randomCookie } from "../test/e2e/support/binary-node.ts";
import { Folder } from "../test/e2e/support/folder.ts";
import { buildIfNeeded, Program } from "../test/e2e/support/program.ts";
import { compare, median, type Report } from "./row.ts";

const STARTS = 10;
/** Long enough for what a start leaves behind to be collected. */
const IDLE_MS = 1_000;

interface Cost {
  readonly startMs: number;
  readonly rssMb: number;
}

/** Resident memory of a process, in 10^6 bytes. */
function rssMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kib) * 1_024) / 1e6;
}

async function costOfSnowNode(folder: Folder): Promise<Cost> {
  const options = {
    name: "bench@127.0.0.1",
    cookie: randomCookie(),
    folder: folder.path,
    schedulers: 1,
  };
  const starts: number[] = [];
  for (let n = 0; n < STARTS; n++) {
    await using node = await BinaryNode.start(options);
    starts.push(node.startMs);
  }
  await using idle = await BinaryNode.start(options);
  await Bun.sleep(IDLE_MS);
  return { startMs: median(starts), rssMb: rssMb(idle.program.pid) };
}

/** A port for an epmd of our own: the one that erl starts by itself would stay behind. */
function freePort(): number {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return listener.port;
}

async function costOfErl(folder: Folder): Promise<Cost | undefined> {
  const [erl, epmd] = [Bun.which("erl"), Bun.which("epmd")];
  if (erl === null || epmd === null) return undefined;
  const port = String(freePort());
  const options = {
    cwd: folder.path,
    home: folder.path,
    env: { ERL_EPMD_PORT: port, ERL_EPMD_ADDRESS: "127.0.0.1" },
  };
  await using _epmd = new Program([epmd, "-port", port], options);
  const start = async (): Promise<{ program: Program; startMs: number }> => {
    const startedAt = performance.now();
    const arguments_ = ["-noinput", "-name", "bench@127.0.0.1", "-setcookie", "bench", "+S", "1"];
    const program = new Program([erl, ...arguments_, "-eval", 'io:format("up~n")'], options);
    await program.lines.waitFor("up");
    return { program, startMs: performance.now() - startedAt };
  };
  const starts: number[] = [];
  for (let n = 0; n < STARTS; n++) {
    const { program, startMs } = await start();
    await program[Symbol.asyncDispose]();
    starts.push(startMs);
  }
  const { program } = await start();
  await using _idle = program;
  await Bun.sleep(IDLE_MS);
  return { startMs: median(starts), rssMb: rssMb(program.pid) };
}

/** Rows `node.start_ms` and `node.idle_rss_mb`. */
export async function run(report: Report): Promise<void> {
  await buildIfNeeded();
  using folder = new Folder();
  const ours = await costOfSnowNode(folder);
  const theirs = await costOfErl(folder);
  const rows = [
    ["node.start_ms", "ms", ours.startMs, theirs?.startMs],
    ["node.idle_rss_mb", "MB", ours.rssMb, theirs?.rssMb],
  ] as const;
  for (const [name, unit, value, baseline] of rows) {
    if (baseline === undefined) report({ name, value, unit });
    else report(compare(name, unit, value, "erl", baseline, "lower"));
  }
}
