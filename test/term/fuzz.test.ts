import { expect, test } from "bun:test";
import { join } from "node:path";

test("a hundred thousand mutated vectors are a value or a DecodeError each", async () => {
  const script = join(import.meta.dir, "../../scripts/fuzz.ts");
  const child = Bun.spawn(
    [process.execPath, script, "stf", "--count", "100000", "--seconds", "20"],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  expect(await new Response(child.stdout).text()).toContain("0 escapes");
  expect(await child.exited).toBe(0);
});
