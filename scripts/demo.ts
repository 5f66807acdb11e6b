/**
 * The main job: three nodes of the executable count words together, one of them is killed in the middle, and the
 * result is checked. `npm run demo -- [files or folders]`; without arguments the Markdown that npm installed.
 * Exit codes: 0 every count is right, 1 it went wrong, 2 there is nothing to count.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { countWords, differingWords } from "../examples/wordcount/count.ts";
import type { Job } from "../examples/wordcount/app.ts";
import { messageOf } from "../src/base/error.ts";
import { BinaryNode, logFields, randomCookie } from "../test/e2e/support/binary-node.ts";
import { Folder } from "../test/e2e/support/folder.ts";
import type { Line } from "../test/e2e/support/lines.ts";
import { buildIfNeeded, PROJECT } from "../test/e2e/support/program.ts";
import { CommandLine } from "./command-line.ts";
import { Screen } from "./demo/screen.ts";
import { findTexts, type Texts } from "./demo/texts.ts";

const APP = join(PROJECT, "examples/wordcount/app.ts");
/** Node c dies when this part of the text is counted. */
const KILL_AT = 0.4;
/** Longer than a slow machine needs, short enough to wait for. */
const DEADLINE_MS = 60_000;

/** How often the demo looks whether whoever started it is still there. */
const PARENT_MS = 200;

/** What the coordinator's log says, one line for each step. */
interface Step {
  readonly step: "nodeup" | "spawn" | "progress" | "down" | "nodedown" | "done";
  /** `Date.now()` on the coordinator's node, which is this machine. */
  readonly at: number;
  readonly peer: string;
  readonly mapper: string;
  readonly reason: unknown;
  /** Batches that have to be done again. */
  readonly redone: number;
  readonly doneBytes: number;
  readonly ofBytes: number;
  readonly different: number;
}

const stepOf = (line: Line): Step | undefined => {
  const fields = logFields(line.text);
  return fields?.text === "wordcount" ? (fields as unknown as Step) : undefined;
};

/** The crash report of the coordinator, which nothing on its node restarts. */
const crashOf = (line: Line): unknown => {
  const fields = logFields(line.text);
  return fields?.text === "process crashed" && fields.function === "main" ? fields : undefined;
};

interface Run {
  readonly folder: Folder;
  readonly screen: Screen;
  readonly texts: Texts;
  readonly job: Job;
  readonly nodes: BinaryNode[];
}

/** When c was killed and when the coordinator knew; `Date.now()`, in ms. */
interface Loss {
  killedAt?: number;
  knownAt?: number;
  redone: number;
}

async function startNode(
  run: Run,
  letter: string,
  cookie: string,
  args: readonly string[] = [],
): Promise<BinaryNode> {
  const node = await BinaryNode.start({
    name: `${letter}@127.0.0.1`,
    cookie,
    folder: run.folder.path,
    modules: [APP],
    connect: run.nodes.slice(0, 1),
    args,
  });
  run.nodes.push(node);
  run.screen.event("up", `${node.hint}, started in ${Math.round(node.startMs)} ms`);
  return node;
}

/** Shows a step of the coordinator; kills c at the right moment. */
function follow(run: Run, c: BinaryNode, loss: Loss, step: Step): void {
  const { screen } = run;
  switch (step.step) {
    case "nodeup":
      return screen.event("nodeup", step.peer, step.at);
    case "spawn":
      return screen.event("spawn", `mapper ${step.mapper}`, step.at);
    case "progress": {
      const part = step.doneBytes / step.ofBytes;
      screen.progress(part, run.nodes.filter((node) => node.program.running).length);
      if (part < KILL_AT || loss.killedAt !== undefined) return;
      loss.killedAt = Date.now();
      // From here on c is none of those that are stopped in order at the end.
      run.nodes.splice(run.nodes.indexOf(c), 1);
      c.program.kill("SIGKILL");
      return screen.event("kill", `${c.name} with SIGKILL, ${Math.round(part * 100)} % counted`);
    }
    case "down":
      loss.redone += step.redone;
      loss.knownAt ??= step.at;
      screen.event("down", `mapper ${step.mapper}: ${String(step.reason)}`, step.at);
      return screen.event("redone", `${step.redone} batches go to others`, step.at);
    case "nodedown":
      loss.knownAt ??= step.at;
      return screen.event("nodedown", `${step.peer}: ${String(step.reason)}`, step.at);
    case "done":
      return screen.event("done", `${step.different} different words`, step.at);
    default:
      return step.step satisfies never;
  }
}

/** Runs the job on three nodes; resolves when the coordinator has written the result. */
async function countOnCluster(run: Run): Promise<Loss> {
  const cookie = randomCookie();
  const jobFile = run.folder.write("job.json", JSON.stringify(run.job));
  const config = run.folder.write(
    "a.toml",
    `[[start]]\nfunction = "main"\nargs = [${JSON.stringify(jobFile)}]\n`,
  );
  await startNode(run, "b", cookie);
  const c = await startNode(run, "c", cookie);
  const a = await startNode(run, "a", cookie, ["--config", config]);
  const loss: Loss = { redone: 0 };
  const read = (line: Line) => {
    const step = stepOf(line);
    if (step !== undefined) follow(run, c, loss, step);
  };
  a.lines.all.forEach(read);
  a.lines.listen(read);
  const ended = (line: Line) => stepOf(line)?.step === "done" || crashOf(line) !== undefined;
  const last = await a.lines.waitFor((_text, line) => ended(line), { timeoutMs: DEADLINE_MS });
  const crash = crashOf(last);
  if (crash !== undefined) throw new Error(`the coordinator crashed: ${JSON.stringify(crash)}`);
  return loss;
}

/** Counts the same files in this process and compares word by word. */
function check(run: Run): {
  readonly whole: ReadonlyMap<string, number>;
  readonly differing: readonly string[];
} {
  const whole = new Map<string, number>();
  for (const file of run.job.files) countWords(readFileSync(file, "utf8"), whole);
  const result = new Map(
    JSON.parse(readFileSync(run.job.result, "utf8")) as readonly (readonly [string, number])[],
  );
  return { whole, differing: differingWords(whole, result) };
}

/** Stops the nodes that are left, in order, and checks that they do so. */
async function stopAll(run: Run): Promise<boolean> {
  const running = run.nodes.filter((node) => node.program.running);
  const codes = await Promise.all(running.map((node) => node.stop()));
  run.screen.event("stop", running.map((node, i) => `${node.name} exits ${codes[i]}`).join(", "));
  return codes.every((code) => code === 0);
}

function reportLoss(screen: Screen, loss: Loss): void {
  if (loss.killedAt === undefined || loss.knownAt === undefined) {
    screen.line("\nthe job was done before c was gone: with more text it loses c in the middle");
    return;
  }
  const detectionMs = loss.knownAt - loss.killedAt;
  screen.line(
    `\nthe death of c was known on a after ${detectionMs} ms; ${loss.redone} batches redone`,
  );
}

async function demo(run: Run): Promise<boolean> {
  const { screen, texts } = run;
  screen.event("input", `${texts.files.length} files, ${(texts.bytes / 1e6).toFixed(3)} MB`);
  screen.event("build", "dist/snow-node, unless it is up to date");
  await buildIfNeeded();
  const loss = await countOnCluster(run);
  const { whole, differing } = check(run);
  const verdict = differing.length === 0 ? "every count is the same" : "THE COUNTS DIFFER";
  screen.event("check", `one process alone: ${whole.size} different words, ${verdict}`);
  const stopped = await stopAll(run);
  screen.table(whole);
  reportLoss(screen, loss);
  for (const word of differing.slice(0, 10)) screen.line(`differs: ${JSON.stringify(word)}`);
  screen.line(`${screen.elapsedMs()} ms in all`);
  return stopped && differing.length === 0;
}

async function main(): Promise<number> {
  let texts: Texts;
  try {
    const line = new CommandLine("npm run demo -- [FILE | FOLDER …]");
    texts = findTexts(line.parse({ allowPositionals: true }).positionals);
  } catch (error) {
    console.error(`demo: ${messageOf(error)}`);
    return 2;
  }
  using folder = new Folder();
  const job: Job = {
    files: texts.files,
    bytes: texts.bytes,
    workers: ["b@127.0.0.1", "c@127.0.0.1"],
    mappersPerNode: 2,
    result: join(folder.path, "result.json"),
  };
  using screen = new Screen(process.stdout);
  const run: Run = { folder, screen, texts, job, nodes: [] };
  // Whatever ends this process takes the nodes and the folder with it; against SIGKILL the nodes watch their parent.
  process.on("exit", () => {
    for (const node of run.nodes) node.program.kill("SIGKILL");
    folder[Symbol.dispose]();
  });
  const late = setTimeout(() => {
    console.error(`demo: not done after ${DEADLINE_MS} ms`);
    process.exit(1);
  }, DEADLINE_MS);
  try {
    return (await demo(run)) ? 0 : 1;
  } finally {
    clearTimeout(late);
    for (const node of run.nodes) node.program.kill("SIGKILL");
  }
}

/** npm, ended by a signal, ends its shell, and neither tells the demo. */
function endWithParent(): void {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) process.exit(143);
  }, PARENT_MS);
  watch.unref();
}

endWithParent();
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.on(signal, () => process.exit(code));
}
process.exitCode = await main().catch((error: unknown) => {
  console.error(error);
  return 1;
});
process.exit();
