import { describe, expect, test } from "bun:test";

import { runCli } from "./support/fake-world.ts";

const STATUS = {
  name: "a@127.0.0.1",
  address: "127.0.0.1:4369",
  version: "0.1.0",
  creation: 217_728_000_000,
  uptimeMs: 3_723_000,
  tls: "auto",
  schedulers: [
    { index: 1, processes: 12, runQueue: 0, tables: {}, lagMs: 0.4 },
    { index: 2, processes: 1_000_000, runQueue: 7, tables: {}, lagMs: 1_250 },
  ],
  sessions: 2,
  memoryBytes: 78_643_200,
  functions: 3,
  deadLetters: { noproc: 1_234, undecodable: 0 },
  strayErrors: 3,
};

describe("whom to ask", () => {
  const joined = async (argv: readonly string[], outside: Parameters<typeof runCli>[1] = {}) => {
    const ran = await runCli(argv, {
      ...outside,
      answers: { status: STATUS, nodes: [], send: undefined },
    });
    return { code: ran.code, node: ran.connected[0]?.node, err: ran.err };
  };

  test("is what --node says", async () => {
    const argv = ["nodes", "--node", "b@h:4370"];
    expect(await joined(argv, { localNodes: ["a@h:1"] })).toMatchObject({
      code: 0,
      node: { name: "b@h", port: 4370 },
    });
  });

  test("else the node of the target", async () => {
    expect(await joined(["send", "c@h:4371/acme", "x"])).toMatchObject({
      code: 0,
      node: { name: "c@h", port: 4371 },
    });
    expect(await joined(["send", "d@h#1/1.1", "x"])).toMatchObject({
      node: { name: "d@h", port: undefined },
    });
    expect(await joined(["send", "d@h#1/1.1", "x", "--node", "a@h"])).toMatchObject({
      node: { name: "a@h" },
    });
  });

  test("else the configured one, whose port 0 is no hint", async () => {
    expect(await joined(["nodes"], { env: { SNOW_NAME: "a@h:4369" } })).toMatchObject({
      node: { name: "a@h", port: 4369 },
    });
    expect(await joined(["nodes"], { env: { SNOW_NAME: "a@h:0" } })).toMatchObject({
      node: { name: "a@h", port: undefined },
    });
    const files = { "/srv/app/c.toml": `[node]\nname = "f@h"\n` };
    expect(await joined(["nodes", "--config", "c.toml"], { files })).toMatchObject({
      node: { name: "f@h" },
    });
  });

  test("else the only one of this host", async () => {
    expect(await joined(["nodes"], { localNodes: ["a@h:1"] })).toMatchObject({
      node: { name: "a@h", port: 1 },
    });
    expect(await joined(["nodes"], { localNodes: [] })).toEqual({
      code: 3,
      node: undefined,
      err: "snow-node: no node is known on this host: say --node name@host:port\n",
    });
    expect(await joined(["nodes"], { localNodes: ["a@h:1", "b@h:2"] })).toEqual({
      code: 2,
      node: undefined,
      err: "snow-node: expected --node, since this host has several: a@h, b@h\n",
    });
  });

  test("is asked with the cookie, TLS mode and patience of the arguments", async () => {
    const argv = [
      "nodes",
      "--node",
      "a@h",
      "--cookie-file",
      "c",
      "--tls-mode",
      "off",
      "--timeout",
      "250ms",
    ];
    const { connected, calls } = await runCli(argv, { answers: { nodes: [] } });
    expect(connected[0]).toMatchObject({
      timeoutMs: 250,
      config: { node: { cookieFiles: ["/srv/app/c"] }, tls: { mode: "off" } },
    });
    expect(calls).toEqual([["nodes", "a@h", {}, 250]]);
  });
});

describe("what is asked", () => {
  test.each([
    [
      ["spawn", "b@h:1", "counter", "0", "x", "[1]"],
      ["spawn", spawned({ args: [0, "x", [1]] }), 5_000],
    ],
    [
      ["spawn", "b@h:1", "counter", "--register", "acme", "--scheduler", "2"],
      ["spawn", spawned({ name: "acme", scheduler: 2 }), 5_000],
    ],
    [
      ["spawn", "b@h:1", "counter", "--scheduler", "spread"],
      ["spawn", spawned({ scheduler: "spread" }), 5_000],
    ],
    [
      ["send", "b@h/acme", '{"type":"add"}'],
      ["send", named("acme"), { type: "add" }],
    ],
    [
      ["send", "b@h/a/b", "x"],
      ["send", named("a/b"), "x"],
    ],
    [
      ["send", "b@h#k2/1.7", "-5"],
      ["send", { kind: "pid", pid: "b@h#k2/1.7" }, -5],
    ],
    [
      ["call", "b@h/acme", "withdraw", "50"],
      ["callServer", named("acme"), "withdraw", [50], 5_000],
    ],
    [
      ["call", "b@h/acme", '{"type":"read"}'],
      ["call", named("acme"), { type: "read" }, 5_000],
    ],
    [
      ["exit", "b@h#k2/1.7", "kill"],
      ["sendExit", "b@h#k2/1.7", "kill"],
    ],
    [
      ["exit", "b@h#k2/1.7", '{"shutdown":1}'],
      ["sendExit", "b@h#k2/1.7", { shutdown: 1 }],
    ],
    [
      ["ps", "--node", "a@h", "--sort", "pid", "--limit", "3"],
      ["ps", "a@h", { sort: "pid", limit: 3 }, 5_000],
    ],
    [
      ["connect", "b@h:4370", "--node", "a@h"],
      ["connect", "a@h", { node: "b@h:4370" }, 5_000],
    ],
    [
      ["disconnect", "b@h:4370", "--node", "a@h"],
      ["disconnect", "a@h", { node: "b@h" }, 5_000],
    ],
    [
      ["stop", "--node", "a@h"],
      ["stop", "a@h", {}, 5_000],
    ],
  ])("%j", async (argv, call) => {
    const ran = await runCli(argv as string[], {
      answers: {
        ...{
          ps: { processes: [], total: 0, silent: [] },
          connect: { name: "b@h" },
          disconnect: { connected: true },
          stop: { name: "a@h" },
        },
        ...{ spawn: "b@h#k2/1.7", callServer: 0, call: 0 },
      },
    });
    expect(ran).toMatchObject({ code: 0, err: "", closed: 1 });
    expect(ran.calls).toEqual([call as unknown[]]);
  });

  function named(name: string): unknown {
    return { kind: "name", name, node: { name: "b@h", host: "h", port: undefined } };
  }

  function spawned(rest: object): unknown {
    const node = { name: "b@h", host: "h", port: 1 };
    return { node, scheduler: undefined, function: "counter", args: [], name: undefined, ...rest };
  }
});

describe("what is shown", () => {
  const show = async (
    argv: readonly string[],
    answers: object,
    rest: object = {},
  ): Promise<string> => {
    const { code, out, err } = await runCli([...argv, "--node", "a@h"], {
      answers: answers as Record<string, unknown>,
      ...rest,
    });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    return out;
  };

  test("status", async () => {
    expect(await show(["status"], { status: STATUS })).toBe(
      [
        "name          a@127.0.0.1",
        "address       127.0.0.1:4369",
        "version       0.1.0",
        "up            1h 2m",
        "creation      2s0tmo00",
        "tls           auto",
        "sessions      2",
        "functions     3",
        "memory        75.0 MiB",
        "dead letters  1,234 noproc",
        "stray errors  3",
        "",
        "SCHEDULER  PROCESSES  RUN QUEUE  LAG",
        "        1         12          0  0ms",
        "        2  1,000,000          7   1s",
        "",
      ].join("\n"),
    );
  });

  test("nodes", async () => {
    const nodes = [
      {
        name: "b@10.0.0.2",
        address: "10.0.0.2:4369",
        state: "up",
        hidden: false,
        creation: 35,
        upMs: 61_000,
        lanes: 2,
      },
      {
        name: "c@h",
        address: "h:1",
        state: "connecting",
        hidden: true,
        creation: undefined,
        upMs: undefined,
        lanes: 0,
      },
    ];
    expect(await show(["nodes"], { nodes })).toBe(
      [
        "NODE        ADDRESS        STATE                   UP  LANES  CREATION",
        "b@10.0.0.2  10.0.0.2:4369  up                   1m 1s      2  z",
        "c@h         h:1            connecting (hidden)      -      0  -",
        "",
      ].join("\n"),
    );
    expect(JSON.parse(await show(["nodes", "--json"], { nodes }))).toEqual([
      nodes[0],
      { ...nodes[1], creation: null, upMs: null },
    ]);
  });

  const row = {
    names: ["acme"],
    status: "waiting",
    mailbox: 1_500,
    reductions: 7,
    links: 1,
    monitors: 0,
  };

  test("ps, with how many there are besides", async () => {
    const ps = {
      processes: [{ pid: "a@h#1/1.1", function: "counter", ...row }],
      total: 1_001,
      silent: ["scheduler 2 has not answered for 1000 ms"],
    };
    expect(await show(["ps"], { ps })).toBe(
      [
        "PID        FUNCTION  NAMES  STATUS   MAILBOX  REDUCTIONS  LINKS  MONITORS",
        "a@h#1/1.1  counter   acme   waiting    1,500           7      1         0",
        "and 1,000 more",
        "not shown: scheduler 2 has not answered for 1000 ms",
        "",
      ].join("\n"),
    );
  });

  test("no line is longer than the terminal, and nobody's name moves its cursor", async () => {
    const ps = {
      processes: [{ pid: "a@h#1/1.1", function: `${"f".repeat(200)}\u001b[2J`, ...row }],
      total: 1,
      silent: [],
    };
    const out = await show(["ps"], { ps }, { isTerminal: true, columns: 90 });
    expect(Math.max(...out.split("\n").map((line) => Array.from(line).length))).toBe(90);
    const wide = await show(["ps"], { ps });
    expect(wide).toContain(`${"f".repeat(200)}·[2J`);
  });

  test("a tree", async () => {
    const leaf = {
      function: "account",
      kind: "worker",
      restarts: undefined,
      intensity: undefined,
      children: [],
    };
    const inner = {
      pid: "a@h#1/1.2",
      id: "inner",
      function: "pool",
      kind: "supervisor",
      restarts: 1,
      intensity: 3,
    };
    const tree = [
      {
        ...{
          pid: "a@h#1/1.1",
          id: "app",
          function: "app",
          kind: "supervisor",
          restarts: 0,
          intensity: 3,
          periodMs: 5_000,
        },
        children: [
          {
            ...inner,
            restartCount: 2,
            children: [{ ...leaf, id: "x", pid: "b@h#1/1.3", lossCount: 1 }],
          },
          { ...leaf, id: "acme", pid: undefined },
          { ...leaf, id: "away", pid: undefined, node: "b@h", restartCount: 1, lossCount: 3 },
        ],
      },
    ];
    expect(await show(["tree"], { tree })).toBe(
      [
        "app  a@h#1/1.1  restarts 0 of 3 in 5 s",
        "├─ inner  (pool)  a@h#1/1.2  restarts 1 of 3  restarted 2 times",
        "│  └─ x  (account)  b@h#1/1.3  lost its node 1 time",
        "├─ acme  (account)  not running",
        "└─ away  (account)  not running, last on b@h  restarted 1 time  lost its node 3 times",
        "",
      ].join("\n"),
    );
    expect(await show(["tree"], { tree: [] })).toBe("no supervisor is running\n");
  });

  test("answers of a call: text as it is, terms as JSON", async () => {
    const call = async (answer: unknown, ...argv: string[]) =>
      show(["call", "b@h/x", "get", ...argv], { callServer: answer });
    expect(await call("text")).toBe("text\n");
    expect(await call({ a: 1n, b: new Map([["k", new Set([1])]]), c: undefined })).toBe(
      '{"a":"1","b":[["k",[1]]],"c":null}\n',
    );
    expect(await call(new Uint8Array([1, 2]), "--json")).toBe('"AQI="\n');
    expect(await call("text", "--json")).toBe('"text"\n');
  });

  test("with --watch again and again, on a cleared screen, until Ctrl-C", async () => {
    const functions = [{ name: "echo", version: undefined, kind: "function" }];
    const table = "FUNCTION  KIND      VERSION\necho      function  -\n";
    expect(await show(["functions", "--watch"], { functions }, { waits: 2 })).toBe(table.repeat(3));
    const cleared = await show(
      ["functions", "--watch=2s"],
      { functions },
      { waits: 1, isTerminal: true },
    );
    expect(cleared.split("\u001b[H").length - 1).toBe(2);
    expect(await show(["functions", "--watch", "--json"], { functions }, { waits: 1 })).toBe(
      `${JSON.stringify([{ name: "echo", version: null, kind: "function" }])}\n`.repeat(2),
    );
  });
});

test("inspecting a process that is gone exits with 1", async () => {
  const ran = await runCli(["inspect", "a@h#1/1.1"], { answers: { inspect: null } });
  expect(ran).toMatchObject({ code: 1, err: "snow-node: call to a@h#1/1.1: noproc\n" });
});

test("disconnecting from a node that was not connected exits with 1", async () => {
  const ran = await runCli(["disconnect", "b@h", "--node", "a@h"], {
    answers: { disconnect: { connected: false } },
  });
  expect(ran).toMatchObject({ code: 1, out: "a@h was not connected to b@h\n" });
});
