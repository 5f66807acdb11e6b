import { expect, test } from "bun:test";

import { createLog, type LogOptions } from "../../src/bun/log.ts";

function collect(options: Partial<LogOptions>) {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines };
}

test("lines below the level are dropped", () => {
  const { log, lines } = collect({ level: "warn" });
  for (const level of ["debug", "info", "warn", "error"] as const) log.write(level, level, {});
  expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
    "warn",
    "error",
  ]);
});

test("JSON is one line with time, level and text, whatever the fields are", () => {
  const { log, lines } = collect({});
  const cyclic: Record<string, unknown> = { n: 1 };
  cyclic.self = cyclic;
  log.write("info", "up\nand running", {
    node: "a@host",
    bits: 5n,
    error: new Error("why"),
    level: "forged",
  });
  log.write("info", "cyclic", { cyclic });
  expect(lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true);
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, string>);
  expect(first).toMatchObject({
    level: "info",
    text: "up\nand running",
    node: "a@host",
    bits: "5",
  });
  expect(first!.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(first!.error).toContain("Error: why");
  expect(second!.text).toBe("cyclic");
});

test("text has key=value, quotes where needed, and the text form of pids", () => {
  const { log, lines } = collect({ format: "text" });
  class Pid {
    toString = () => "a@host#1/1.7";
    toJSON = () => "json";
  }
  log.write("warn", "slow", {
    pid: new Pid(),
    function: "count er",
    ms: 12,
    none: undefined,
    list: [1, "x"],
  });
  expect(lines[0]).toMatch(
    /^[\d:.]{12} warn {2}slow pid=a@host#1\/1\.7 function="count er" ms=12 list=\[ 1, 'x' \]\n$/,
  );
});

test("lines go to stderr, as JSON where that is no terminal", async () => {
  const module = JSON.stringify(require.resolve("../../src/bun/log.ts"));
  const script = `import { createLog } from ${module};
    createLog({ level: "info", format: "auto" }).write("info", "x".repeat(300_000), {});
    process.exit(0);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stderr: "pipe" });
  const line = JSON.parse(await child.stderr.text()) as { text: string };
  expect(line.text).toHaveLength(300_000);
  expect(await child.stdout.text()).toBe("");
});

test("Maps and Sets are shown in JSON as what they hold", () => {
  const { log, lines } = collect({});
  log.write("info", "names", { names: new Map([["bank", 1n]]), nodes: new Set(["a", "b"]) });
  expect(JSON.parse(lines[0]!)).toMatchObject({ names: { bank: "1" }, nodes: ["a", "b"] });
});
