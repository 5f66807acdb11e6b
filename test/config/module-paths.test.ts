import { expect, test } from "bun:test";

import { parseConfig } from "../../src/config/config.ts";
import { modulePaths } from "../../src/config/module-paths.ts";
import type { Files } from "../../src/port/files.ts";

const PRESENT = [
  "/srv/b.ts",
  "/srv/a.ts",
  "/srv/a.test.ts",
  "/srv/deep/c.ts",
  "/srv/deep/c.d.ts",
  "/lib/d.mts",
];

const files: Files = {
  readText: () => "",
  mode: (path) => (PRESENT.includes(path) ? 0o644 : undefined),
  create: () => {},
  glob: (pattern, directory) => {
    const glob = new Bun.Glob(pattern.replace(/^\.\//, ""));
    return PRESENT.filter((path) => glob.match(path.slice(directory.length + 1))).toSorted();
  },
  home: () => "/home",
};

function paths(...modules: readonly string[]): readonly string[] {
  const options = modules.map((value) => ({ name: "--module", value }));
  return modulePaths(parseConfig({ environment: {}, options, directory: "/srv", cpus: 1 }), files);
}

test("modules come in the order in which they were written, those of a pattern sorted, each once", () => {
  expect(paths("./b.ts", "*.ts", "/lib/d.mts", "deep/../a.ts")).toEqual([
    "/srv/b.ts",
    "/srv/a.ts",
    "/lib/d.mts",
  ]);
});

test("tests and declarations are skipped, whether a pattern or a shell named them", () => {
  expect(paths("**/*.ts")).toEqual(["/srv/a.ts", "/srv/b.ts", "/srv/deep/c.ts"]);
  expect(paths("a.ts", "a.test.ts", "deep/c.d.ts")).toEqual(["/srv/a.ts"]);
});

test("what names no file is refused with its place", () => {
  expect(() => paths("nowhere.ts")).toThrow(
    '--module: expected a file, got "nowhere.ts", no such file in /srv',
  );
  expect(() => paths("x/*.ts")).toThrow(
    '--module: expected a pattern that fits a file, got "x/*.ts", no such file in /srv',
  );
});
