import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

async function ran(script: string, ...args: readonly string[]) {
  const child = Bun.spawn([process.execPath, join(ROOT, script), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

const SCRIPTS = [
  ...["blocked", "build", "conformance", "cuts", "demo", "fuzz", "reconnects", "sim", "soak"],
  "soak-rooms",
].map((name) => `scripts/${name}.ts`);

test.each([...SCRIPTS, "bench/main.ts"])("%s says how it is used", async (script) => {
  expect(await ran(script, "--help")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^usage: (npm run|bun scripts)/),
    err: "",
  });
  expect(await ran(script, "--nonsense")).toMatchObject({
    code: 2,
    out: "",
    err: expect.stringMatching(/^Unknown option '--nonsense'\nusage: /),
  });
});

test("a number that is none, or too small, is said with what was expected", async () => {
  expect(await ran("scripts/sim.ts", "--seeds", "many")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^--seeds: got "many", expected a number from 1\nusage: /),
  });
  expect(await ran("scripts/soak.ts", "--minutes", "0")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^--minutes: got "0", expected a number from 0\.1\nusage: /),
  });
});
