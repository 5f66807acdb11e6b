import { expect, test } from "bun:test";

/** Encodes five-field messages into a stream, `count` of them, in a process that logs its collections. */
function script(count: number): string {
  return `
    import { ByteWriter } from "${import.meta.dir}/../../src/base/bytes.ts";
    import { TermEncoder } from "${import.meta.dir}/../../src/term/encode/encode.ts";
    const writer = new ByteWriter(65_536);
    const encoder = new TermEncoder(writer);
    const messages = Array.from({ length: 64 }, (_, i) => (
      { type: "transfer", account: "acc-" + i * 7919, amount: i * 100, currency: "EUR", ts: 1_790_000_000_000 + i }));
    for (let i = 0; i < ${count}; i++) {
      if (writer.length > 60_000) writer.length = 0;
      encoder.write(writer, messages[i & 63]);
    }`;
}

async function collections(count: number): Promise<number> {
  const child = Bun.spawn([process.execPath, "-e", script(count)], {
    env: { ...process.env, BUN_JSC_logGC: "1" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, log] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(await child.exited).toBe(0);
  return (out + log).split("\n").filter((line) => line.includes("[GC")).length;
}

test("encoding a million small messages into a stream needs no more collections than encoding ten thousand", async () => {
  // 16 bytes a message would be 16 MB: several collections.
  expect(await collections(1_000_000)).toBeLessThanOrEqual(await collections(10_000));
});
