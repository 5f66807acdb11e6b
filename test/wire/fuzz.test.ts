import { expect, test } from "bun:test";
import { join } from "node:path";

test("a hundred thousand damaged frames are read or refused, each in the words of the protocol", async () => {
  const script = join(import.meta.dir, "../../scripts/fuzz.ts");
  const args = ["frames", "--count", "100000", "--seconds", "20"];
  const child = Bun.spawn([process.execPath, script, ...args], {
    stdout: "pipe",
    stderr: "inherit",
  });
  expect(await child.stdout.text()).toContain("0 escapes");
  expect(await child.exited).toBe(0);
});
