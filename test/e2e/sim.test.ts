import { expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";

import { Folder } from "./support/folder.ts";
import { buildIfNeeded, PROJECT, runBinary, type Outcome } from "./support/program.ts";

await buildIfNeeded();

const inFolder = (folder: Folder, ...args: readonly string[]): Promise<Outcome> =>
  runBinary(args, { cwd: folder.path, home: folder.path });

/** The hashes that a run printed, test by test. */
const hashesOf = (said: string): string[] =>
  [...said.matchAll(/^seed \d+, hash ([0-9a-f]{8}),/gm)].map(([, hash]) => hash!);

/** The example as somebody has it who has nothing but the executable. */
async function bankFolder(): Promise<Folder> {
  const folder = new Folder();
  cpSync(join(PROJECT, "examples/bank"), folder.path, { recursive: true });
  expect(await inFolder(folder, "types")).toMatchObject({ code: 0 });
  return folder;
}

test("the executable simulates a user's modules: many seeds, types and all", async () => {
  using folder = await bankFolder();
  expect(await inFolder(folder, "check")).toMatchObject({ code: 0 });
  const ran = await inFolder(folder, "sim", "bank.test.ts", "--seeds", "40");
  expect(ran.stderr).toContain("2 pass");
  expect(ran.stdout).toMatch(
    /40 seeds from 1 held: [\d.]+ virtual s in [\d.]+ s, hash [0-9a-f]{8}, snow-node \d/,
  );
  expect(ran.code).toBe(0);
});

test("a failed seed says how to see it again; the executable and the sources give it one hash", async () => {
  using folder = await bankFolder();
  // The mistake is one that the test does not expect.
  folder.write(
    "bank.test.ts",
    (await Bun.file(join(folder.path, "bank.test.ts")).text()).replace(
      "moneyGoesRound(carefulTransfer)",
      "moneyGoesRound(carelessTransfer)",
    ),
  );
  const careful = ["--test", "careful"];
  const failed = await inFolder(folder, "sim", "bank.test.ts", "--seeds", "60", ...careful);
  expect(failed.code).toBe(1);
  const [, seed = "", hash] =
    /the books do not balance \(seed (\d+), hash ([0-9a-f]{8}), snow-node \d/.exec(failed.stderr)!;
  expect(failed.stderr).toContain(`replay: snow-node sim bank.test.ts --seed ${seed}`);
  expect(failed.stderr).toMatch(/\d+ of \d+ faults are enough|\d+ faults happened/);
  expect(failed.stderr).toContain(`seeds: [${seed}],`);

  const again = await inFolder(
    folder,
    ...["sim", "bank.test.ts", "--seed", seed, "--trace", "messages", ...careful],
  );
  expect(again.code).toBe(1);
  expect(hashesOf(again.stdout)).toEqual([hash!]);
  expect(again.stdout).toMatch(/^ +ms {2}a +b +c$/m);
  expect(again.stdout).toMatch(/^ +[\d.]+ {2} *!! /m);
  expect(again.stdout).toMatch(/● .* ─+▶/);
  expect(again.stdout).toContain("FAILED: the books do not balance");

  const sources = Bun.spawn(
    [
      ...[process.execPath, join(PROJECT, "bin/snow-node.ts"), "sim", "--seed", seed],
      ...["--test", "careless", "examples/bank/bank.test.ts"],
    ],
    { cwd: PROJECT, stdio: ["ignore", "pipe", "ignore"] },
  );
  expect(hashesOf(await sources.stdout.text())).toEqual([hash!]);
});

test("the simulation in docs/simulator.md passes the checker and holds", async () => {
  using folder = new Folder();
  const page = await Bun.file(join(PROJECT, "docs/simulator.md")).text();
  const [, program = ""] = /^```ts\n(.*?)^```/ms.exec(page)!;
  folder.write("counter.test.ts", program.replace("seeds: 100", "seeds: 10"));
  folder.write(
    "counter.ts",
    `import { defineServer } from "snow-node";

export const counter = defineServer("counter", {
  init: (_ctx, start: number) => ({ value: start }),
  calls: { add: (ctx, by: number) => (ctx.state.value += by) },
});
`,
  );
  expect(await inFolder(folder, "types")).toMatchObject({ code: 0 });
  expect(await inFolder(folder, "check")).toMatchObject({ code: 0 });
  const ran = await inFolder(folder, "test", "--timeout=60000");
  expect(ran.stderr).toContain("1 pass");
});
