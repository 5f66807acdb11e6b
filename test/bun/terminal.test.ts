import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { files } from "../../src/bun/files.ts";
import { folders } from "../../src/bun/folders.ts";
import { sleepUnlessInterrupted } from "../../src/bun/terminal.ts";

const TERMINAL = JSON.stringify(join(import.meta.dir, "../../src/bun/terminal.ts"));

test("files are written with the folders above them, replaced, renamed and removed", () => {
  const folder = mkdtempSync(join(tmpdir(), "snow-folders-"));
  try {
    const path = join(folder, "deep/er/file");
    folders.write(path, "one");
    folders.write(path, "two");
    folders.rename(path, join(folder, "file"));
    expect(new TextDecoder().decode(folders.readBytes(join(folder, "file")))).toBe("two");
    folders.remove(join(folder, "deep"));
    folders.remove(join(folder, "not there"));
    expect(files.mode(join(folder, "deep"))).toBeUndefined();
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("two");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("all of a long output arrives, however slowly it is read", async () => {
  const code = `const { terminal } = await import(${TERMINAL}); terminal.write("x".repeat(3_000_000)); process.exit(0);`;
  const child = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe" });
  let length = 0;
  for await (const chunk of child.stdout) length += chunk.length;
  expect(length).toBe(3_000_000);
  expect(await child.exited).toBe(0);
});

test("a reader that goes away is no error", async () => {
  const code = `const { terminal } = await import(${TERMINAL}); for (let i = 0; i < 99; i++) terminal.write("x".repeat(99_999)); process.exit(7);`;
  const child = Bun.spawn(["sh", "-c", `"$0" -e "$1" | head -c 5; wait`, process.execPath, code], {
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(await child.stdout.text()).toBe("xxxxx");
  expect(await child.stderr.text()).toBe("");
});

test("a wait ends with true by itself, and with false at Ctrl-C", async () => {
  expect(await sleepUnlessInterrupted(1)).toBe(true);
  const code = `const { sleepUnlessInterrupted } = await import(${TERMINAL}); const waiting = sleepUnlessInterrupted(60_000); console.log("waits"); console.log(await waiting);`;
  const child = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe" });
  let said = "";
  for await (const chunk of child.stdout) {
    said += new TextDecoder().decode(chunk);
    if (said === "waits\n") child.kill("SIGINT");
  }
  expect(said).toBe("waits\nfalse\n");
});

test("standard input that is no terminal is read whole", async () => {
  const folder = mkdtempSync(join(tmpdir(), "snow-input-"));
  try {
    writeFileSync(join(folder, "input"), new Uint8Array([1, 5, 0]));
    const code = `const { terminal } = await import(${TERMINAL}); console.log((await terminal.readInput()).toHex());`;
    const child = Bun.spawn([process.execPath, "-e", code], {
      stdin: Bun.file(join(folder, "input")),
      stdout: "pipe",
    });
    expect(await child.stdout.text()).toBe("010500\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
