import { afterAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { cutIntoBatches } from "../../examples/wordcount/batches.ts";
import { addCounts, countWords, differingWords } from "../../examples/wordcount/count.ts";
import { BinaryNode, randomCookie } from "./support/binary-node.ts";
import { Folder } from "./support/folder.ts";
import { processesIn } from "./support/leftovers.ts";
import { buildIfNeeded, Program, PROJECT } from "./support/program.ts";
import { until } from "./support/until.ts";

await buildIfNeeded();

const CHAT = join(PROJECT, "examples/chat/chat.ts");
const DEMO = join(PROJECT, "scripts/demo.ts");

test("what is typed at one node of the chat appears at the other", async () => {
  using folder = new Folder();
  const common = {
    folder: folder.path,
    cookie: randomCookie(),
    modules: [CHAT],
    start: ["chat"],
  };
  await using a = await BinaryNode.start({ ...common, name: "a@127.0.0.1" });
  await using b = await BinaryNode.start({ ...common, name: "b@127.0.0.1", connect: [a] });
  await a.lines.waitFor("* b@127.0.0.1 is here");
  await b.lines.waitFor("* a@127.0.0.1 is here");
  await a.program.type("good morning");
  await b.lines.waitFor("a@127.0.0.1: good morning");
  await b.program.type("and to you");
  await a.lines.waitFor("b@127.0.0.1: and to you");
  await b.kill();
  await a.lines.waitFor("* b@127.0.0.1 has left");
});

/** What Bun itself keeps in a home folder is none of the demo's. */
const home = new Folder();
afterAll(() => home[Symbol.dispose]());

/** The demo; everything that it starts and writes is in `folder`. */
const startDemo = (folder: Folder, ...args: readonly string[]): Program =>
  new Program([process.execPath, DEMO, ...args], {
    cwd: PROJECT,
    home: home.path,
    env: { TMPDIR: folder.path },
  });

test("the demo loses a node in the middle and counts every word all the same", async () => {
  using folder = new Folder();
  await using demo = startDemo(folder);
  const code = await demo.exited({ timeoutMs: 60_000 });
  const told = demo.lines.text("stdout");
  console.log(told);
  expect({ code, stderr: demo.lines.text("stderr") }).toEqual({ code: 0, stderr: "" });
  const steps = ["nodeup", "spawn", "kill", "down", "redone", "nodedown", "done", "check", "stop"];
  for (const step of steps) expect(told).toMatch(new RegExp(`^ *\\d+ ms {2}${step} `, "m"));
  expect(told).toContain("every count is the same");
  expect(processesIn(folder.path)).toEqual([]);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a text too short to lose a node in the middle of it is counted all the same", async () => {
  using folder = new Folder();
  using input = new Folder();
  await using demo = startDemo(folder, input.write("short.txt", "one two two"));
  expect(await demo.exited({ timeoutMs: 30_000 })).toBe(0);
  expect(demo.lines.text("stdout")).toContain("every count is the same");
  expect(demo.lines.text("stdout")).toMatch(/^ +2 {2}two /m);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s in the middle of the demo leaves nothing behind",
  async (signal) => {
    using folder = new Folder();
    await using demo = startDemo(folder);
    await demo.lines.waitFor(/ ms {2}spawn /, { timeoutMs: 30_000 });
    demo.kill(signal);
    expect(await demo.exited()).toBe(signal === "SIGINT" ? 130 : 143);
    await until("every node has ended", () => processesIn(folder.path).length === 0);
    expect(readdirSync(folder.path)).toEqual([]);
  },
);

test("kill -9 of the demo takes its nodes along", async () => {
  using folder = new Folder();
  await using demo = startDemo(folder);
  await demo.lines.waitFor(/ ms {2}spawn /, { timeoutMs: 30_000 });
  expect(processesIn(folder.path).length).toBeGreaterThan(0);
  demo.kill("SIGKILL");
  await demo.exited();
  await until("every node has ended", () => processesIn(folder.path).length === 0);
});

test("the demo refuses a path that is not there, and a folder without a text", async () => {
  using folder = new Folder();
  for (const path of [join(folder.path, "nowhere"), folder.path]) {
    await using demo = startDemo(folder, path);
    expect(await demo.exited()).toBe(2);
    expect(demo.lines.text("stderr")).toContain("demo: ");
  }
});

test("the program in the chat's README is the one that runs", async () => {
  const readme = await Bun.file(join(PROJECT, "examples/chat/README.md")).text();
  expect(readme).toContain(await Bun.file(CHAT).text());
});

test("a word that differs, is missing or is new is found", () => {
  const counts = new Map([
    ["a", 1],
    ["b", 2],
  ]);
  expect(differingWords(counts, new Map(counts))).toEqual([]);
  expect(
    differingWords(
      counts,
      new Map([
        ["a", 1],
        ["b", 3],
      ]),
    ),
  ).toEqual(["b"]);
  expect(differingWords(counts, new Map([["a", 1]]))).toEqual(["b"]);
  expect(differingWords(new Map([["a", 1]]), counts)).toEqual(["b"]);
});

test("a text cut into batches has the words of the whole", async () => {
  using folder = new Folder();
  const line = "Der Fluß, naïve façade — don't stop: 世界 снег ΣΊΣΥΦΟΣ 3.14\r\n";
  const texts = [line.repeat(2_000), "one line without an end ".repeat(5_000), "", "last"];
  const files = texts.map((text, n) => folder.write(`${n}.txt`, text));
  const whole = new Map<string, number>();
  for (const text of texts) countWords(text, whole);
  const sum = new Map<string, number>();
  let ids = 0;
  for await (const batch of cutIntoBatches(files)) {
    expect(batch.id).toBe(++ids);
    const part = new Map<string, number>();
    for (const text of batch.texts) countWords(text, part);
    addCounts(sum, part);
  }
  expect(ids).toBeGreaterThan(5);
  expect(differingWords(whole, sum)).toEqual([]);
});
