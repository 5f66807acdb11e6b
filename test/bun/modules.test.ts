import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ConfigError } from "../../src/base/error.ts";
import { loadModules, registerVirtualModules } from "../../src/bun/modules.ts";

class Token {}
let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "snow-modules-"));
  registerVirtualModules({ "virtual-node": { Token } });
  registerVirtualModules({
    "virtual-node": { Token: 0 },
    "virtual-node/testing": { Token, more: 1 },
  });
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** The message of the ConfigError that loading this text ends in. */
async function failure(name: string, text: string): Promise<string> {
  const error = await loadModules([write(name, text)]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ code: "module_failed" });
  return (error as ConfigError).message;
}

describe("modules of a user", () => {
  test("see the classes of this very copy, under every registered name", async () => {
    const path = write(
      "good.ts",
      `import { Token } from "virtual-node";
       import { Token as Same, more } from "virtual-node/testing";
       enum Colour { red }
       const typed: number = Colour.red;
       export { Token, Same, more, typed };`,
    );
    const [module] = await loadModules([path]);
    expect(module).toEqual({ Token, Same: Token, more: 1, typed: 0 });
    expect((await loadModules([path]))[0]).toBe(module!);
  });

  test("with a syntax error are named with line, column and the code around it", async () => {
    expect(await failure("syntax.ts", "const a = 1;\nconst b = 2;\nconst c = = 3;\n")).toBe(
      [
        `${join(directory, "syntax.ts")}:3:11: Unexpected =`,
        "  1 | const a = 1;",
        "  2 | const b = 2;",
        "  3 | const c = = 3;",
        "                ^",
      ].join("\n"),
    );
  });

  test("with a syntax error in what they import name that file", async () => {
    write("inner.ts", "export const x = );\n");
    expect(await failure("outer.ts", 'import "./inner.ts";\n')).toContain("inner.ts:1:18: ");
  });

  test("with a missing package name the line that imports it", async () => {
    const message = await failure(
      "missing.ts",
      '// first\nimport { x } from "no-such-package-anywhere";\nx;\n',
    );
    expect(message).toContain("missing.ts:2:20: Cannot find package 'no-such-package-anywhere'\n");
    expect(message).toContain('  2 | import { x } from "no-such-package-anywhere";');
  });

  test("with a missing file name the line that imports it", async () => {
    expect(await failure("gone.ts", 'import "./not-there.ts";\n')).toMatch(
      /gone\.ts:1:9: Cannot find module '\.\/not-there\.ts'/,
    );
  });

  test("with a missing export name the line that imports it", async () => {
    write("exports.ts", "export const x = 1;\n");
    expect(await failure("export.ts", 'import { y } from "./exports.ts";\ny;\n')).toContain(
      "export.ts:1:10: SyntaxError: Export named 'y' not found",
    );
  });

  test("that throw while they load name the line that threw", async () => {
    expect(await failure("throws.ts", '\nthrow new RangeError("at load");\n')).toContain(
      "throws.ts:2:11: RangeError: at load\n",
    );
  });

  test("that throw something else than an error are named", async () => {
    expect(await failure("string.ts", 'throw "just text";\n')).toContain(
      "string.ts: Error: just text",
    );
  });

  test("that do not exist are named", async () => {
    const error = await loadModules([join(directory, "nowhere.ts")]).catch(
      (thrown: unknown) => thrown,
    );
    expect((error as Error).message).toContain("nowhere.ts: no such file");
  });

  test("pass on a ConfigError of their own", async () => {
    (globalThis as Record<string, unknown>).ConfigErrorOfTest = ConfigError;
    const path = write(
      "twice.ts",
      'throw new globalThis.ConfigErrorOfTest("function_defined_twice", "defined twice");\n',
    );
    const error = await loadModules([path]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "function_defined_twice", message: "defined twice" });
  });
});
