import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createThreads } from "../../src/bun/worker-threads.ts";
import type { Thread, ThreadPort } from "../../src/port/threads.ts";
import type { ThreadData } from "./fixtures/scheduler-thread.ts";

const threads = createThreads(new URL("./fixtures/scheduler-thread.ts", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "snow-threads-"));
afterAll(() => rmSync(directory, { recursive: true }));

function start(data: ThreadData, transfer?: Parameters<typeof threads.start>[3]) {
  const { promise: exited, resolve } = Promise.withResolvers<Error | undefined>();
  const thread = threads.start("scheduler", data, resolve, transfer);
  return Object.assign(thread, { exited });
}

const next = (port: ThreadPort) => new Promise<unknown>((resolve) => port.receive(resolve));

/** Collects `count` messages. */
function collect(port: ThreadPort, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  return new Promise((resolve) =>
    port.receive((message) => messages.push(message) === count && resolve(messages)),
  );
}

async function stop(thread: Thread & { exited: Promise<Error | undefined> }): Promise<void> {
  thread.terminate();
  expect(await thread.exited).toBeUndefined();
}

describe("a thread", () => {
  test("gets every message posted before it was ready, in order", async () => {
    const thread = start({ does: "echo" });
    for (let count = 0; count < 100; count++) thread.port.post(count);
    const echoes = await collect(thread.port, 100);
    expect(echoes).toEqual(
      Array.from({ length: 100 }, (_, message) => ({ role: "scheduler", message })),
    );
    await stop(thread);
  });

  test("keeps what it said until somebody receives", async () => {
    const thread = start({ does: "echo" });
    const other = start({ does: "echo" });
    thread.port.post("early");
    other.port.post("later");
    // `other` has answered, so `thread`, which was asked first, most likely has too.
    await next(other.port);
    expect(await next(thread.port)).toEqual({ role: "scheduler", message: "early" });
    await Promise.all([stop(thread), stop(other)]);
  });

  test("shares memory that was in its data", async () => {
    const shared = new SharedArrayBuffer(4);
    const thread = start({ does: "share", shared });
    expect(await next(thread.port)).toBe("written");
    expect(new Int32Array(shared)[0]).toBe(42);
    await stop(thread);
  });

  test("is terminated while it spins", async () => {
    const thread = start({ does: "spin" });
    expect(await next(thread.port)).toBe("spinning");
    await stop(thread);
  });

  test("that throws exits with its error", async () => {
    const error = await start({ does: "throw" }).exited;
    expect(error?.message).toContain("thrown on purpose");
  });

  test("that ends itself exits without an error", async () => {
    expect(await start({ does: "exit" }).exited).toBeUndefined();
  });

  test("whose file is missing exits with an error", async () => {
    const missing = createThreads(new URL("./fixtures/no-such-file.ts", import.meta.url));
    const error = await new Promise<Error | undefined>((resolve) =>
      missing.start("control", {}, resolve),
    );
    expect(error?.message).toContain("no-such-file.ts");
  });

  test("takes no harm from messages after its end", async () => {
    const thread = start({ does: "exit" });
    await thread.exited;
    thread.port.post("into the void");
    thread.terminate();
  });
});

describe("channels", () => {
  test("lead from one thread to another, and moved buffers are gone here", async () => {
    const [left, right] = threads.channel();
    const thread = start({ does: "relay", end: right }, [right]);
    const port = threads.port(left);
    const buffer = new Uint8Array([1, 2, 3]).buffer;
    port.post({ batch: buffer }, [buffer]);
    port.post("second");
    expect(buffer.byteLength).toBe(0);
    const [first, second] = await collect(thread.port, 2);
    expect(new Uint8Array((first as { batch: ArrayBuffer }).batch)).toEqual(
      new Uint8Array([1, 2, 3]),
    );
    expect(second).toBe("second");
    port.close();
    await stop(thread);
  });

  test("can be handed on inside a message", async () => {
    const [left, right] = threads.channel();
    const [a, b] = threads.channel();
    const near = threads.port(left);
    const far = threads.port(right);
    near.post({ end: b }, [b]);
    const { end } = (await next(far)) as { end: typeof b };
    const inner = threads.port(end);
    threads.port(a).post("through");
    expect(await next(inner)).toBe("through");
    near.close();
    inner.close();
  });
});

describe("the executable", () => {
  test("starts its embedded threads, which load modules from disk", async () => {
    const executable = join(directory, "scratch");
    const fixtures = join(import.meta.dir, "fixtures");
    const built = Bun.spawnSync(
      [
        ...[process.execPath, "build", "--compile", "--format=esm", "--bytecode"],
        ...["--minify-syntax", "--minify-whitespace", "--no-compile-autoload-bunfig"],
        ...[join(fixtures, "main.ts"), join(fixtures, "scheduler-thread.ts")],
        `--outfile=${executable}`,
      ],
      { stdin: "ignore" },
    );
    expect(built.stderr.toString()).not.toContain("error");
    const bad = join(directory, "bad.ts");
    writeFileSync(bad, "const fine = 1;\nconst broken = = 2;\n");
    const good = join(fixtures, "good-module.ts");
    const expected = {
      echo: { role: "scheduler", message: "early" },
      good: { same: true, name: "counter" },
      toml: "x.toml:2:5: expected a value but found '='",
    };
    for (const command of [[executable], [process.execPath, join(fixtures, "main.ts")]]) {
      const child = Bun.spawn([...command, good, bad], { cwd: directory, stdin: "ignore" });
      const answer = JSON.parse(await child.stdout.text()) as Record<string, unknown>;
      expect(answer).toMatchObject(expected);
      expect(answer.bad).toEqual({
        error: expect.stringMatching(
          /bad\.ts:2:16: Unexpected =\n.*\n {2}2 \| const broken = = 2;\n +\^$/,
        ),
      });
    }
  });
});
