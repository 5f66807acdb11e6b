import { expect, test } from "bun:test";

import { ConfigError } from "../../src/base/error.ts";
import { parseToml } from "../../src/bun/toml.ts";

test("values come as the language's own", async () => {
  const text =
    '[node]\nname = "a@host"\nmodules = ["./x.ts"]\n[[start]]\nfunction = "main"\nargs = [1, true]\n';
  expect(await parseToml(text, "cluster.toml")).toEqual({
    node: { name: "a@host", modules: ["./x.ts"] },
    start: [{ function: "main", args: [1, true] }],
  });
});

for (const [what, text, expected] of [
  ["a value that is missing", "[node]\nname =\n", /^cluster\.toml:2:\d+: /],
  ["a key given twice", "a = 1\na = 2\n", /^cluster\.toml:2:1: cannot redefine key 'a'$/],
  ["a string without an end", 'a = 1\nb = "x\n', /^cluster\.toml:2:5: unterminated string/],
] as const) {
  test(`${what} is one line with its place`, async () => {
    const error = await parseToml(text, "cluster.toml").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).code).toBe("config_syntax");
    expect((error as ConfigError).message).toMatch(expected);
    expect((error as ConfigError).message).not.toContain("\n");
  });
}
