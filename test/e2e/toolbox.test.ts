import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { Folder } from "./support/folder.ts";
import { buildIfNeeded, runBinary, type Outcome } from "./support/program.ts";

await buildIfNeeded();

const inFolder = (folder: Folder, ...args: readonly string[]): Promise<Outcome> =>
  runBinary(args, { cwd: folder.path, home: folder.path });

const MODULE = `import { define, type Context } from "snow-node";

export const greeter = define("greeter", async (ctx: Context<{ type: "greet"; name: string }>) => {
  const { name } = await ctx.receive("greet");
  ctx.log.info(\`hello \${name}\`);
});
`;

const TEST = `import { expect, test } from "bun:test";
import { testNode } from "snow-node/testing";
import { greeter } from "./app.ts";

test("a greeter runs", async () => {
  await using node = await testNode();
  const pid = await node.run(async (ctx) => ctx.spawn(greeter));
  expect(String(pid)).toContain("@");
});
`;

test("in an empty folder, types and check give an editor and a build what they need", async () => {
  using folder = new Folder();
  expect(await inFolder(folder, "types")).toMatchObject({ code: 0 });
  expect(existsSync(join(folder.path, "node_modules/snow-node/package.json"))).toBe(true);
  folder.write("app.ts", MODULE);
  expect(await inFolder(folder, "check")).toMatchObject({ code: 0 });

  folder.write("app.ts", MODULE.replace('receive("greet")', 'receive("great")'));
  const wrong = await inFolder(folder, "check");
  expect(wrong.code).toBe(1);
  expect(wrong.stdout + wrong.stderr).toContain("app.ts");
});

test("test runs a user's tests on a node inside the executable", async () => {
  using folder = new Folder();
  await inFolder(folder, "types");
  folder.write("app.ts", MODULE);
  folder.write("app.test.ts", TEST);
  const passed = await inFolder(folder, "test");
  expect(passed.stdout + passed.stderr).toContain("1 pass");
  expect(passed.code).toBe(0);

  folder.write("app.test.ts", TEST.replace('toContain("@")', 'toContain("nothing of the kind")'));
  expect((await inFolder(folder, "test")).code).toBe(1);
});
