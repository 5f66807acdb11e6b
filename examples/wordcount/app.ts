import { readFile, rename, writeFile } from "node:fs/promises";

import { define, Down, NodeDown, NodeUp, type Context, type Pid } from "snow-node";

import { cutIntoBatches, type Batch } from "./batches.ts";
import { addCounts, countWords } from "./count.ts";
import { Work } from "./work.ts";

/** What `main` is started with, in a JSON file. */
export interface Job {
  readonly files: readonly string[];
  /** UTF-8 bytes of all files. */
  readonly bytes: number;
  /** Nodes that mappers may run on. */
  readonly workers: readonly string[];
  readonly mappersPerNode: number;
  /** Where the counts are written when all is done: a JSON array of `[word, count]`. */
  readonly result: string;
}

type Counted = {
  readonly type: "counted";
  readonly id: number;
  readonly by: Pid<Batch>;
  readonly counts: ReadonlyMap<string, number>;
};
type Coordinator = Context<Counted | Down | NodeUp | NodeDown>;

/** Batches that a mapper has at a time: one to work on and one more, so that it never waits for the network. */
const WINDOW = 2;
/** Mappers that are replaced before the job gives up. */
const REPLACEMENTS_MAX = 16;

/** Counts the words of the batches it is sent, for as long as its coordinator lives. */
export const mapper = define(
  "mapper",
  async (ctx: Context<Batch | Down>, coordinator: Pid<Counted>) => {
    ctx.monitor(coordinator);
    for await (const message of ctx.messages()) {
      if (message instanceof Down) return;
      const counts = new Map<string, number>();
      for (const text of message.texts) countWords(text, counts);
      ctx.send(coordinator, { type: "counted", id: message.id, by: ctx.self, counts });
    }
  },
);

/** Spreads mappers over the nodes, feeds them, and adds up what they count; the work of a lost one is done again. */
export const main = define("main", async (ctx: Coordinator, jobFile: string) => {
  const job = JSON.parse(await readFile(jobFile, "utf8")) as Job;
  const work = new Work(cutIntoBatches(job.files));
  await allUp(ctx, job.workers);
  for (const node of job.workers) {
    for (let n = 0; n < job.mappersPerNode; n++) await startMapper(ctx, work, node);
  }
  const counts = await countAll(ctx, work, job);
  // Under another name first: whoever waits for the file never sees half of it.
  await writeFile(`${job.result}.part`, JSON.stringify([...counts]));
  await rename(`${job.result}.part`, job.result);
  note(ctx, "done", { different: counts.size });
});

/** One line of the log for each step: the demo reads them to tell what happened when. */
function note(ctx: Coordinator, step: string, fields: object): void {
  ctx.log.info("wordcount", { step, at: Date.now(), ...fields });
}

async function allUp(ctx: Coordinator, nodes: readonly string[]): Promise<void> {
  ctx.monitorNodes(true);
  const missing = new Set(nodes);
  for (const node of ctx.node.list()) if (missing.delete(node)) note(ctx, "nodeup", { peer: node });
  while (missing.size > 0) {
    const { node } = await ctx.receive("nodeup");
    if (missing.delete(node)) note(ctx, "nodeup", { peer: node });
  }
}

async function startMapper(ctx: Coordinator, work: Work, node: string): Promise<void> {
  const pid = await ctx.spawnOn({ node, scheduler: "spread" }, mapper, [ctx.self]);
  ctx.monitor(pid);
  work.join(pid);
  note(ctx, "spawn", { mapper: pid.toString() });
}

async function countAll(ctx: Coordinator, work: Work, job: Job): Promise<Map<string, number>> {
  const whole = new Map<string, number>();
  let replacements = 0;
  let doneBytes = 0;
  for (await feed(ctx, work); !work.finished; await feed(ctx, work)) {
    const message = await ctx.receive();
    if (message instanceof NodeUp) continue;
    if (message instanceof NodeDown) {
      note(ctx, "nodedown", { peer: message.node, reason: message.reason });
    } else if (message instanceof Down) {
      const lost = message.target as Pid<Batch>;
      const batches = work.leave(lost);
      note(ctx, "down", { mapper: lost.toString(), reason: message.reason, redone: batches });
      if (++replacements > REPLACEMENTS_MAX) throw new Error(`${replacements} mappers died`);
      await startMapper(ctx, work, elsewhere(ctx, job, lost.node));
    } else {
      const batch = work.finish(message.by, message.id);
      if (batch === undefined) continue;
      addCounts(whole, message.counts);
      doneBytes += batch.bytes;
      note(ctx, "progress", { doneBytes, ofBytes: job.bytes });
    }
  }
  return whole;
}

/** Another worker that is connected, or this node if there is none. */
function elsewhere(ctx: Coordinator, job: Job, lost: string): string {
  const connected = ctx.node.list();
  const another = job.workers.find((node) => node !== lost && connected.includes(node));
  return another ?? ctx.node.name;
}

async function feed(ctx: Coordinator, work: Work): Promise<void> {
  for (const pid of work.mappers) {
    while (work.heldBy(pid) < WINDOW) {
      const batch = await work.take(pid);
      if (batch === undefined) return;
      ctx.send(pid, batch);
    }
  }
}
