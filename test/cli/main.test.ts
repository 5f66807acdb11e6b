import { describe, expect, test } from "bun:test";

import {
  CallError,
  ConnectionError,
  MisuseError,
  ProtocolError,
  SpawnError,
} from "../../src/base/error.ts";
import { VERBS } from "../../src/cli/main.ts";
import { runCli } from "./support/fake-world.ts";

describe("help", () => {
  test.each(VERBS.map((verb) => verb.name))(
    "of %s has usage and an example of its own",
    async (name) => {
      const { code, out, err } = await runCli([name, "--help"]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toContain(`Usage: snow-node ${name}`);
      expect(out).toMatch(/\nExamples?:\n {2}.*snow-node/);
      expect(out).toEndWith("\n");
      expect(await runCli(["help", name])).toMatchObject({ code: 0, out });
      expect(await runCli([name, "-h"])).toMatchObject({ code: 0, out });
    },
  );

  test("examples are good command lines", async () => {
    for (const { name, examples } of VERBS) {
      for (const example of examples) {
        const words =
          example
            .split(" && ")[0]
            ?.replace(/^SNOW_\S+ /, "")
            .match(/'[^']*'|\S+/g) ?? [];
        const argv = words.slice(1).map((word) => word.replaceAll("'", ""));
        const { err } = await runCli(argv, {
          files: {
            "/srv/app/cluster.toml": `[node]\nname = "a@127.0.0.1"\n`,
            "/etc/snow/cookie": "0123456789abcdef",
            "/srv/authority/ca.pem": "an authority",
            "/srv/authority/ca-key.pem": "its key",
          },
          localNodes: ["a@127.0.0.1:4369"],
          answers: { ...ANSWERS, callServer: 1, call: 1, spawn: "a@h#1/1.1" },
        });
        expect({ name, example, err }).toEqual({
          name,
          example,
          err: expect.not.stringContaining("snow-node:"),
        });
      }
    }
  });

  test("lists every verb, and the version is one line", async () => {
    for (const argv of [["--help"], ["-h"], ["help"]]) {
      const { code, out } = await runCli(argv);
      expect(code).toBe(0);
      for (const { name } of VERBS) expect(out).toContain(`\n  ${name} `);
    }
    for (const argv of [["--version"], ["version"]]) {
      expect(await runCli(argv)).toMatchObject({ code: 0, out: "1.2.3\n", err: "" });
    }
  });
});

const ANSWERS = {
  status: {
    ...{ name: "a@h", address: "h:1", version: "1", creation: 1, uptimeMs: 1, tls: "auto" },
    ...{ schedulers: [], sessions: 0, memoryBytes: 1, functions: 0, deadLetters: {} },
    strayErrors: 0,
  },
  nodes: [],
  dead_letters: [],
  ps: { processes: [], total: 0, silent: [] },
  functions: [],
  names: [],
  groups: [],
  tree: [],
  inspect: {
    ...{
      pid: "a@h#1/1.1",
      function: "f",
      names: [],
      status: "waiting",
      parent: undefined,
      trapExit: false,
    },
    ...{
      reductions: 0,
      upMs: 0,
      mailbox: 0,
      mailboxTypes: [],
      links: [],
      monitors: [],
      monitoredBy: [],
      state: undefined,
    },
  },
  connect: { name: "b@h" },
  disconnect: { connected: true },
  stop: { name: "a@h" },
};

describe("bad usage exits with 2 and one line", () => {
  test.each([
    [["frobnicate"], "unknown verb frobnicate (snow-node --help)"],
    [["stauts"], "unknown verb stauts, nearest is status (snow-node --help)"],
    [["status", "--jsno"], "unknown option --jsno, nearest is --json (snow-node status --help)"],
    [["status", "x"], 'unexpected argument "x" (snow-node status --help)'],
    [["send", "b@h/x"], "expected pid|name@host/name message, got b@h/x (snow-node send --help)"],
    [["send", "b@h", "x"], 'expected a pid or name@host/registered-name, got "b@h"'],
    [["send", "b/x", "x"], 'expected a pid or name@host/registered-name, got "b/x"'],
    [["spawn", "b", "f"], 'the place: expected name@host or name@host:port, got "b"'],
    [
      ["spawn", "b@h", "f", "--scheduler", "x"],
      '--scheduler: expected a number from 1 or spread, got "x"',
    ],
    [["inspect", "42"], 'expected a pid such as a@host#k2j9x/1.42, got "42"'],
    [["exit", "a@h", "kill"], 'expected a pid such as a@host#k2j9x/1.42, got "a@h"'],
    [["call", "b@h/x", "{}", "1"], 'unexpected argument "1" behind a request'],
    [["ps", "--sort", "x"], '--sort: expected mailbox, reductions or pid, got "x"'],
    [["ps", "--limit", "0"], '--limit: expected a whole number from 1 to 10000, got "0"'],
    [["status", "--node", "a"], '--node: expected name@host or name@host:port, got "a"'],
    [
      ["status", "--node", "a@h", "--timeout", "5"],
      '--timeout: expected a duration from 1ms to 24h such as "5s" or "500ms", got "5"',
    ],
    [["run"], "node.name: expected --name name@host:port, SNOW_NAME or name in [node], got none"],
    [["--name", "a"], '--name: expected name@host or name@host:port, got "a"'],
    [
      ["--name", "a@h:99999"],
      '--name: expected name@host or name@host:port, got "a@h:99999", whose port is over 65,535',
    ],
    [
      ["status", "--node", "a@h:99999"],
      '--node: expected name@host or name@host:port, got "a@h:99999", whose port is over 65,535',
    ],
    [["--nmae", "a@h"], "unknown option --nmae, nearest is --name (snow-node run --help)"],
    [["run", "--config", "x.toml"], '--config: expected a file that can be read, got "x.toml"'],
    [["cookie", "eat"], 'expected new, rotate or finish, got "eat"'],
    [["term", "encode"], "expected a term to encode, got nothing"],
    [["term", "decode", "0x"], 'expected bytes in hexadecimal, got "0x"'],
  ])("%j", async (argv, text) => {
    expect(await runCli(argv)).toMatchObject({ code: 2, out: "", err: `snow-node: ${text}\n` });
  });
});

describe("exit codes", () => {
  test.each([
    [new CallError("noproc", "acme"), 1, "call to acme: noproc"],
    [new CallError("noproc", "acme", "noproc"), 1, "call to acme: noproc"],
    [
      new CallError("failed", "acme", { code: "insufficient_funds", detail: 5 }),
      1,
      "call to acme: failed: insufficient_funds: 5",
    ],
    [
      new CallError("failed", "acme", {
        code: "insufficient_funds",
        detail: "50 wanted,\n5 there",
      }),
      1,
      "call to acme: failed: insufficient_funds: 50 wanted, 5 there",
    ],
    [new CallError("noconnection", "acme"), 3, "call to acme: noconnection"],
    [new SpawnError("undef", "b@h has no function f"), 1, "b@h has no function f"],
    [new SpawnError("noconnection", "no connection to b@h"), 3, "no connection to b@h"],
  ])("%s is %d", async (error, code, text) => {
    const ran = await runCli(["call", "b@h/acme", "withdraw"], { answers: { callServer: error } });
    expect(ran).toMatchObject({ code, out: "", err: `snow-node: ${text}\n`, closed: 1 });
  });

  test.each([
    new ConnectionError("connection_refused", "h:4369 refused the connection"),
    new ProtocolError("bad_digest", "a@h has another cookie"),
  ])("a connection that does not come about is 3: %s", async (refuse) => {
    const ran = await runCli(["status", "--node", "a@h"], { refuse });
    expect(ran).toMatchObject({ code: 3, out: "", err: `snow-node: ${refuse.message}\n` });
  });

  test("a defect comes through", async () => {
    const defect = new MisuseError("not_running", "defect");
    const thrown = await runCli(["nodes", "--node", "a@h"], { answers: { nodes: defect } }).catch(
      (error: unknown) => error,
    );
    expect(thrown).toBe(defect);
  });
});
