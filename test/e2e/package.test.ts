import { expect, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";

import { Folder } from "./support/folder.ts";
import { buildIfNeeded } from "./support/program.ts";

const ROOT = resolve(import.meta.dir, "../..");

await buildIfNeeded();

/** A project in which npm has installed what `npm pack` packs. */
function projectWithPackage(): Folder {
  const folder = new Folder();
  const packed = join(folder.path, "node_modules/snow-node");
  mkdirSync(join(packed, "dist"), { recursive: true });
  const { files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    files: readonly string[];
  };
  for (const path of ["package.json", ...files]) {
    cpSync(join(ROOT, path), join(packed, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules/@types"), join(folder.path, "node_modules/@types"));
  symlinkSync(join(ROOT, "node_modules/bun-types"), join(folder.path, "node_modules/bun-types"));
  const compilerOptions = {
    ...{ target: "esnext", module: "preserve", moduleResolution: "bundler", types: ["bun"] },
    ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false },
  };
  folder.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return folder;
}

/** Runs TypeScript's own compiler, as an editor does. */
async function compile(folder: Folder): Promise<{ code: number; said: string }> {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const child = Bun.spawn([process.execPath, tsc, "--pretty", "false", "-p", "."], {
    cwd: folder.path,
    stdout: "pipe",
  });
  const said = await child.stdout.text();
  return { code: await child.exited, said };
}

test("the types of the packed package work in an editor, down to its last declaration", async () => {
  using folder = projectWithPackage();
  folder.write(
    "app.ts",
    `import { define, type Context, type Pid } from "snow-node";
type Message = { type: "add"; by: number } | { type: "read"; replyTo: Pid<number> };
export const counter = define("counter", async (ctx: Context<Message>, start: number) => {
  let value = start;
  for await (const message of ctx.messages()) {
    if (message.type === "add") value += message.by;
    else ctx.send(message.replyTo, value);
  }
});
`,
  );
  expect(await compile(folder)).toEqual({ code: 0, said: "" });
  folder.write(
    "wrong.ts",
    `import { counter } from "./app.ts";\nexport const x: string = counter;\n`,
  );
  const { code, said } = await compile(folder);
  expect(code).not.toBe(0);
  expect(said).toContain("wrong.ts(2,14)");
});

test("the packed package runs, and all its entries have the same classes", async () => {
  using folder = projectWithPackage();
  folder.write(
    "run.ts",
    `import * as all from "snow-node";
import { encode, decode, DecodeError } from "snow-node";
console.log(decode(encode("works")));
try { decode(new Uint8Array([2])); } catch (error) { console.log(error instanceof DecodeError); }
console.log(Object.entries(all).filter(([name, { name: own }]) => /^[A-Z]/.test(name) && own !== name));
`,
  );
  const child = Bun.spawn([process.execPath, "run.ts"], { cwd: folder.path, stdout: "pipe" });
  expect(await child.stdout.text()).toBe("works\ntrue\n[]\n");
});

test("the command of the packed package is a program of Bun's", async () => {
  using folder = projectWithPackage();
  const program = join(folder.path, "node_modules/snow-node/dist/package/bin/snow-node.js");
  expect(readFileSync(program, "utf8")).toStartWith("#!/usr/bin/env bun\n");
  const child = Bun.spawn([process.execPath, program, "--version"], { stdout: "pipe" });
  expect(await child.stdout.text()).toMatch(/^\d+\.\d+\.\d+\n$/);
});
