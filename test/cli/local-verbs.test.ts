import { describe, expect, test } from "bun:test";

import { encode } from "../../src/term/stf.ts";
import { runCli } from "./support/fake-world.ts";

const HERE = "/srv/app";

describe("run", () => {
  test("starts a node with what options, environment and file say; the verb may be left out", async () => {
    const files = {
      [`${HERE}/etc/c.toml`]: `[node]\nname = "a@h:4369"\nmodules = ["x.ts"]\n[[start]]\nfunction = "app"\n`,
    };
    const argv = [
      "--config",
      "etc/c.toml",
      "--connect",
      "b@h",
      "c@h:1",
      "--no-cluster-mesh",
      "--hidden",
    ];
    for (const line of [argv, ["run", ...argv]]) {
      const { code, started } = await runCli(line, { files, env: { SNOW_LOG_LEVEL: "warn" } });
      expect(code).toBe(0);
      expect(started[0]).toMatchObject({
        node: {
          name: { name: "a@h", port: 4369 },
          modulesDirectory: `${HERE}/etc`,
          hidden: true,
          schedulers: 2,
        },
        cluster: { seeds: [{ name: "b@h" }, { name: "c@h", port: 1 }], mesh: false },
        start: [{ function: "app", args: [] }],
        log: { level: "warn" },
      });
    }
  });

  test("takes the file from SNOW_CONFIG, and the option before it", async () => {
    const files = {
      [`${HERE}/x.toml`]: `[node]\nname = "x@h"\n`,
      "/etc/y.toml": `[node]\nname = "y@h"\n`,
    };
    const named = async (argv: string[], SNOW_CONFIG: string) =>
      (await runCli(argv, { files, env: { SNOW_CONFIG } })).started[0]?.node.name?.name;
    expect(await named([], "/etc/y.toml")).toBe("y@h");
    expect(await named(["--config", "x.toml"], "/etc/y.toml")).toBe("x@h");
  });

  test("--print-config shows every value and its origin, and starts nothing", async () => {
    const argv = ["run", "--name", "a@h", "--print-config"];
    const text = await runCli(argv, { env: { SNOW_COOKIE: "0123456789abcdef" } });
    expect(text).toMatchObject({ code: 0, started: [], err: "" });
    expect(text.out).toMatch(/^node\.name +"a@h" +--name$/m);
    expect(text.out).toMatch(/^node\.cookie +\(hidden, 16 characters\) +SNOW_COOKIE$/m);
    expect(text.out).toMatch(/^node\.kill_stuck_after +"off" +default$/m);
    const json = await runCli([...argv, "--json"]);
    expect(JSON.parse(json.out)[0]).toEqual({
      key: "node.name",
      shown: '"a@h"',
      origin: { kind: "option", text: "--name" },
    });
  });
});

describe("types", () => {
  test("writes the packages that the executable carries, and a tsconfig where there is none", async () => {
    const ran = await runCli(["types"]);
    expect(ran).toMatchObject({
      code: 0,
      out: "wrote node_modules/@types/bun\nwrote node_modules/snow-node\nwrote tsconfig.json\n",
    });
    expect([...ran.files.keys()].toSorted()).toEqual([
      `${HERE}/node_modules/@types/bun/package.json`,
      `${HERE}/node_modules/snow-node/package.json`,
      `${HERE}/node_modules/snow-node/src/index.d.ts`,
      `${HERE}/tsconfig.json`,
    ]);
    expect(JSON.parse(ran.files.get(`${HERE}/tsconfig.json`) ?? "")).toMatchObject({
      compilerOptions: { strict: true },
    });
  });

  test("replaces what it wrote before, and leaves alone what others installed", async () => {
    const files = {
      [`${HERE}/tsconfig.json`]: "{}",
      [`${HERE}/node_modules/snow-node/package.json`]: '{"generatedBy":"snow-node types"}',
      [`${HERE}/node_modules/snow-node/old.d.ts`]: "",
      [`${HERE}/node_modules/@types/bun/package.json`]: '{"name":"@types/bun"}',
    };
    const ran = await runCli(["types", "--json"], { files });
    expect(JSON.parse(ran.out)).toEqual({
      packages: ["snow-node"],
      kept: ["@types/bun"],
      tsconfig: false,
    });
    expect(ran.files.has(`${HERE}/node_modules/snow-node/old.d.ts`)).toBe(false);
    expect(ran.files.get(`${HERE}/node_modules/@types/bun/package.json`)).toBe(
      '{"name":"@types/bun"}',
    );
  });
});

describe("check and test", () => {
  test("hand everything to the Bun inside, and write the types first where there are none", async () => {
    const check = await runCli(["check", "app.ts", "--pretty=false"]);
    expect(check.bun).toEqual([["check", "--no-script", "app.ts", "--pretty=false"]]);
    expect(check.files.has(`${HERE}/node_modules/snow-node/package.json`)).toBe(true);
    const files = {
      "/srv/node_modules/snow-node/package.json": "{}",
      [`${HERE}/a.test.ts`]: "",
    };
    const tested = await runCli(["test", "--watch", "a.test.ts"], { files });
    expect(tested.bun).toEqual([["test", "--watch", "a.test.ts"]]);
    expect(tested.files.size).toBe(2);
  });

  test("a name that no test file has is said, and is a failure", async () => {
    const files = {
      "/srv/node_modules/snow-node/package.json": "{}",
      [`${HERE}/deep/bank.test.ts`]: "",
      [`${HERE}/empty/app.ts`]: "",
    };
    for (const [name, verb] of [
      ["test", "test"],
      ["sim", "simulate"],
    ] as const) {
      for (const path of ["nope.test.ts", "./nope.test.ts", "empty", "/x/nope.test.ts"]) {
        expect(await runCli([name, path], { files })).toMatchObject({
          code: 1,
          bun: [],
          err: `nothing to ${verb}: no test files at ${path}\n`,
        });
      }
      for (const path of [
        "deep",
        "deep/bank.test.ts",
        "./deep/bank.test.ts",
        "bank",
        "empty/app.ts",
      ])
        expect((await runCli([name, path], { files })).bun).toHaveLength(1);
    }
    expect((await runCli(["test", "-t", "opens"], { files })).bun).toHaveLength(1);
  });

  test("have nothing to do where there is nothing, installed packages apart", async () => {
    const files = {
      [`${HERE}/node_modules/x/index.ts`]: "",
      [`${HERE}/node_modules/x/y.test.ts`]: "",
    };
    expect(await runCli(["check"], { files })).toMatchObject({
      code: 0,
      bun: [],
      err: "nothing to check: no TypeScript files in this folder\n",
    });
    expect(await runCli(["test"], { files })).toMatchObject({
      code: 1,
      bun: [],
      err: "nothing to test: no *.test.ts files in this folder\n",
    });
  });

  test("look into folders", async () => {
    const files = {
      [`${HERE}/src/deep/x.spec.tsx`]: "",
      "/node_modules/snow-node/package.json": "{}",
    };
    expect((await runCli(["check"], { files })).bun).toEqual([["check", "--no-script"]]);
    expect((await runCli(["test"], { files })).bun).toEqual([["test"]]);
  });
});

describe("cookie", () => {
  const COOKIE = "0123456789abcdef";

  test("says where it comes from and never what it is", async () => {
    const files = { "/home/.snow.cookie": COOKIE };
    expect(await runCli(["cookie"], { files })).toMatchObject({
      code: 0,
      out: "/home/.snow.cookie\n",
    });
    expect(await runCli(["cookie"], { env: { SNOW_COOKIE: COOKIE } })).toMatchObject({
      out: "SNOW_COOKIE\n",
    });
  });

  test("new makes a file, and nothing is written over", async () => {
    const made = await runCli(["cookie", "new", "c"]);
    expect(made).toMatchObject({ code: 0, out: `${HERE}/c\n` });
    expect(made.files.get(`${HERE}/c`)).toMatch(/^[\w-]{43}\n$/);
    expect(await runCli(["cookie", "new", "/c"], { files: { "/c": COOKIE } })).toMatchObject({
      code: 2,
      err: "snow-node: cookie: /c: is there already, and nothing is written over a cookie\n",
    });
  });

  test("rotate makes the next one beside it, finish puts it into its place", async () => {
    const rotated = await runCli(["cookie", "rotate", "/c"], { files: { "/c": COOKIE } });
    expect(rotated.code).toBe(0);
    expect(rotated.out).toContain(`cookie_file = ["/c", "/c.next"]`);
    const finished = await runCli(["cookie", "finish", "/c"], {
      files: { "/c": COOKIE, "/c.next": "next" },
    });
    expect(finished.files).toEqual(new Map([["/c", "next"]]));
    expect(await runCli(["cookie", "finish", "/c"])).toMatchObject({ code: 2 });
  });
});

describe("term", () => {
  test("encode shows the bytes and what each says", async () => {
    const { out } = await runCli(["term", "encode", '{"by":300}']);
    expect(out.split("\n")[0]).toMatch(/^ +0 {2}01 +version 1$/);
    expect(out).toContain("shape 0 { by }");
    expect(out).toContain(".by: UINT16 300");
  });

  test("decode takes hexadecimal, a file or standard input", async () => {
    const term = { type: "add", list: [1, -2, 2.5, null, "ü"] };
    const bytes = encode(term);
    const json = `${JSON.stringify(term)}\n`;
    expect(await runCli(["term", "decode", bytes.toHex(), "--json"])).toMatchObject({
      code: 0,
      out: json,
    });
    expect(await runCli(["term", "decode", "--json"], { input: bytes })).toMatchObject({
      code: 0,
      out: json,
    });
    expect(await runCli(["term", "decode", "01 05", "--json"])).toMatchObject({
      code: 0,
      out: "5\n",
    });
    const files = { [`${HERE}/five`]: "\u0001\u0005" };
    expect(await runCli(["term", "decode", "--file", "five", "--json"], { files })).toMatchObject({
      out: "5\n",
    });
  });

  test("decode refuses what is no term", async () => {
    for (const hex of ["02", "01a3"]) {
      expect(await runCli(["term", "decode", hex, "--json"])).toMatchObject({ code: 1, out: "" });
      expect(await runCli(["term", "decode", hex, "--hex"])).toMatchObject({ code: 1, out: "" });
    }
    // A struct that nobody has registered here.
    const struct = await runCli(["term", "decode", "01ee817801c0", "--json"]);
    expect(struct).toMatchObject({ code: 1, out: "" });
  });

  test("decode shows bytes that are no term as far as they go", async () => {
    const { code, err, out } = await runCli(["term", "decode", "01a3010205ff02fe"]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("3 bytes behind") });
    expect(out).toMatch(/array of 3\n.*INT 1\n.*INT 2\n/);
    const cut = await runCli(["term", "decode", "01a30102"]);
    expect(cut).toMatchObject({ code: 1, err: expect.stringContaining("truncated") });
    expect(cut.out).toContain("INT 2");
  });
});

describe("sim", () => {
  const orders = async (argv: readonly string[]): Promise<unknown> => {
    const ran = await runCli(["sim", ...argv], { files: { [`${HERE}/a.test.ts`]: "" } });
    expect(ran.code).toBe(0);
    return JSON.parse(ran.bunEnvironment["SNOW_SIMULATION"]!);
  };

  test("hands a file's tests to the test runner, with all the time they want", async () => {
    const files = { [`${HERE}/a.test.ts`]: "", "/x/b.test.ts": "" };
    const ran = await runCli(["sim", "a.test.ts", "/x/b.test.ts", "--test", "bank"], { files });
    expect(ran.bun).toEqual([
      [
        ...["test", "--timeout=2000000000", "--test-name-pattern", "bank"],
        ...[`${HERE}/a.test.ts`, "/x/b.test.ts"],
      ],
    ]);
    expect(ran.files.has(`${HERE}/node_modules/snow-node/package.json`)).toBe(true);
  });

  test("says which seeds, and what to show of one", async () => {
    expect(await orders(["a.test.ts"])).toMatchObject({ seeds: 1_000, from: 1 });
    expect(await orders(["a.test.ts", "--seeds", "7", "--from", "90"])).toMatchObject({
      seeds: 7,
      from: 90,
    });
    expect(await orders(["a.test.ts", "--seed", "17"])).not.toHaveProperty("trace");
    expect(await orders(["a.test.ts", "--seed", "17", "--trace", "messages"])).toMatchObject({
      seed: 17,
      trace: "messages",
    });
  });

  test("refuses what makes no sense, before anything runs", async () => {
    const refused: readonly (readonly [readonly string[], string])[] = [
      [[], "file…"],
      [["a.test.ts", "--seeds", "many"], "--seeds: expected a whole number, got many"],
      [["a.test.ts", "--seed", "1", "--seeds", "2"], "--seed is one seed"],
      [["a.test.ts", "--trace", "messages"], "--trace: expected --seed N"],
      [["a.test.ts", "--seed", "1", "--trace", "all"], "--trace: expected messages, got all"],
    ];
    for (const [argv, text] of refused) {
      const ran = await runCli(["sim", ...argv]);
      expect(ran).toMatchObject({ code: 2, bun: [] });
      expect(ran.err).toContain(text);
    }
  });
});
