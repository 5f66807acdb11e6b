import { describe, expect, test } from "bun:test";
import { join } from "node:path";

interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
  readonly err: string;
}

async function program(...argv: readonly string[]): Promise<Outcome> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "stray-program.ts"), ...argv], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, lines: out.split("\n").slice(0, -1), err };
}

for (const schedulers of ["inline", "1"]) {
  describe(`in a user's program with schedulers: ${schedulers}`, () => {
    test("what nobody caught of a process ends that process and nothing else", async () => {
      const { code, lines } = await program("own", schedulers, "2");
      expect(lines).toEqual([
        expect.stringMatching(/^CallError: call to nobody on \S+: noproc$/),
        "timer",
        "goes on",
      ]);
      expect(code).toBe(0);
    });

    test("the program's own rejection is printed and is its exit code, as without a node", async () => {
      const { code, err, lines } = await program("rejects", schedulers, "2");
      expect({ code, lines }).toEqual({ code: 1, lines: ["goes on"] });
      expect(err.match(/RangeError: the program's own/g)).toHaveLength(1);
    });

    test("the program's own throw ends it, as without a node", async () => {
      const { code, err, lines } = await program("throws", schedulers, "2");
      expect({ code, lines }).toEqual({ code: 1, lines: [] });
      expect(err.match(/RangeError: the program's own/g)).toHaveLength(1);
    });

    test("a program that listens hears its own", async () => {
      const { code, lines } = await program("listens", schedulers, "1");
      expect(lines).toEqual(["heard: RangeError: the program's own", "goes on"]);
      expect(code).toBe(0);
    });
  });
}
