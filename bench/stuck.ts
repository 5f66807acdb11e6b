/**
 * What a process that never gives way costs the others: the delay of calls on scheduler 2 while scheduler 1 spins, beside
 * the same calls while another program keeps a core as busy. And how soon it is named, and replaced.
 */
import { resolve } from "node:path";

import { BinaryNode, randomCookie } from "../test/e2e/support/binary-node.ts";
import { Folder } from "../test/e2e/support/folder.ts";
import { buildIfNeeded, Program } from "../test/e2e/support/program.ts";
import { compare, median, type Report } from "./row.ts";

/** Runs of each kind, in turn, so that what else the machine does meets all of them. */
const ROUNDS = 5;
const EVERY_MS = 2;
const FOR_MS = 4_000;
/** The busy neighbour is there before the first call and after the last one. */
const BUSY_MS = FOR_MS + 1_500;

interface Delay {
  readonly p50Us: number;
  readonly p99Us: number;
}

async function startNode(folder: Folder, ...args: readonly string[]): Promise<BinaryNode> {
  const node = await BinaryNode.start({
    name: "bench@127.0.0.1",
    cookie: randomCookie(),
    folder: folder.path,
    schedulers: 2,
    modules: [resolve(import.meta.dir, "stuck/actors.ts")],
    args,
  });
  await node.tool("spawn", node.hint, "spinners", "--scheduler", "2");
  await node.logged("spinner is here");
  return node;
}

const spawn = (node: BinaryNode, name: string, ...args: readonly (string | number)[]) =>
  node.tool("spawn", node.hint, name, ...args.map(String), "--scheduler", "2");

/** The delay of calls on scheduler 2, from now on. */
async function gauge(node: BinaryNode): Promise<Delay> {
  const { length } = node.log("gauged");
  await spawn(node, "gauge", EVERY_MS, FOR_MS);
  await node.lines.waitFor(() => node.log("gauged").length > length, { timeoutMs: 60_000 });
  return node.log("gauged").at(-1) as unknown as Delay;
}

/** A program that does what the spinner does, and nothing else. */
function busyProgram(folder: Folder): Program {
  const code = `const until = Date.now() + ${BUSY_MS}; while (Date.now() < until);`;
  return new Program([process.execPath, "-e", code], { cwd: folder.path, home: folder.path });
}

async function besideSpinner(node: BinaryNode): Promise<Delay> {
  const { length } = node.log("long_schedule is over");
  await spawn(node, "poke", BUSY_MS);
  const delay = await gauge(node);
  await node.lines.waitFor(() => node.log("long_schedule is over").length > length);
  return delay;
}

async function besideProgram(node: BinaryNode, folder: Folder): Promise<Delay> {
  await using _busy = busyProgram(folder);
  return await gauge(node);
}

/** Milliseconds from the spin to its name in the log, and from the kill to the child that is there again. */
async function recovery(folder: Folder): Promise<{ namedMs: number; restoredMs: number }> {
  await using node = await startNode(folder, "--kill-stuck-after", "1s");
  await spawn(node, "poke", 60_000);
  const named = await node.logged("long_schedule");
  const killed = await node.logged("scheduler killed");
  await node.lines.waitFor(() => node.log("spinner is here").length === 2);
  const [spinning] = node.log("spinning");
  const restored = node.log("spinner is here").at(-1);
  return {
    namedMs: named.at - Number(spinning?.at),
    restoredMs: Number(restored?.at) - killed.at,
  };
}

export async function run(report: Report): Promise<void> {
  await buildIfNeeded();
  using folder = new Folder();
  const delays: { alone: Delay; spinner: Delay; program: Delay }[] = [];
  {
    await using node = await startNode(folder);
    for (let round = 0; round < ROUNDS; round++) {
      const alone = await gauge(node);
      const program = await besideProgram(node, folder);
      delays.push({ alone, program, spinner: await besideSpinner(node) });
    }
  }
  const middle = (of: "alone" | "spinner" | "program", what: keyof Delay): number =>
    median(delays.map((round) => round[of][what]));
  for (const what of ["p50Us", "p99Us"] as const) {
    const name = what === "p50Us" ? "p50_us" : "p99_us";
    const [ours, theirs] = [middle("spinner", what), middle("program", what)];
    report({ name: `stuck.${name}_alone`, value: middle("alone", what), unit: "us" });
    report(compare(`stuck.${name}`, "us", ours, "another program", theirs, "lower"));
  }
  const recoveries = [];
  for (let round = 0; round < ROUNDS; round++) recoveries.push(await recovery(folder));
  const namedMs = median(recoveries.map((one) => one.namedMs));
  const restoredMs = median(recoveries.map((one) => one.restoredMs));
  report({ name: "stuck.named_ms", value: namedMs, unit: "ms" });
  report({ name: "stuck.restored_ms", value: restoredMs, unit: "ms" });
}
