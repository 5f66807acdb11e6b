import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";

import { ConfigError } from "../../src/base/error.ts";
import { parseConfig, type NodeConfig } from "../../src/config/config.ts";
import { KEY_PATHS, keyAt, optionName, variableNames } from "../../src/config/schema.ts";
import type { ConfigInput, ConfigOption } from "../../src/config/source.ts";

interface Given {
  readonly toml?: string;
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  readonly given?: NonNullable<ConfigInput["given"]>;
  readonly cpus?: number;
}

function optionsOf(argv: readonly string[]): ConfigOption[] {
  return argv.map((word) => {
    const equals = word.indexOf("=");
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

function parse({
  toml,
  path = "cluster.toml",
  env = {},
  argv = [],
  given,
  cpus = 4,
}: Given): NodeConfig {
  const file = toml === undefined ? undefined : { path, text: toml, value: Bun.TOML.parse(toml) };
  return parseConfig({
    file,
    environment: env,
    options: optionsOf(argv),
    given,
    directory: "/srv/app",
    cpus,
  });
}

function complaint(given: Given): string {
  try {
    parse(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message).not.toContain("\n");
    return (error as ConfigError).message;
  }
  throw new Error("expected a ConfigError");
}

describe("a configuration", () => {
  test("without anything has every default", () => {
    const config = parse({});
    expect(config).toMatchObject({
      node: {
        name: undefined,
        cookie: undefined,
        cookieFiles: [],
        schedulers: 4,
        modules: [],
        hidden: false,
      },
      listen: { host: "0.0.0.0", port: 4369, registryPort: 4390, lanePorts: undefined },
      tls: { mode: "auto" },
      cluster: {
        seeds: [],
        mesh: true,
        sessionGraceMs: 5_000,
        tickIntervalMs: 60_000,
        tickTimeoutMs: 15_000,
      },
      start: [],
      log: { level: "info", format: "auto" },
      warnings: [],
    });
    expect(config.settings.every((setting) => setting.origin.kind === "default")).toBe(true);
  });

  test("takes every key of a file", () => {
    const config = parse({
      path: "etc/cluster.toml",
      toml: `
[node]
name = "a@10.0.0.1:4369"
cookie_file = ["/run/secrets/one", "two"]
schedulers = 2
modules = ["./actors/*.ts"]
hidden = true
kill_stuck_after = "10s"
[listen]
host = "10.0.0.1"
advertise = "example.com:4000"
lane_ports = "4400-4410"
registry_port = 0
[tls]
mode = "ca"
cert = "node.pem"
key = "/etc/node.key"
ca = "ca.pem"
[cluster]
seeds = ["b@10.0.0.2:4369", "c@host"]
dns = "snow.local"
mesh = false
session_grace = "0s"
refused_is_down = false
tick_interval = "1s"
tick_timeout = "500ms"
[[start]]
function = "app"
args = [1, "two", { three = [3] }]
[[start]]
function = "other"
[log]
level = "debug"
format = "json"
[limits]
message = "1MiB"
lane_hard = "64KiB"
`,
    });
    expect(config).toMatchObject({
      node: {
        name: { name: "a@10.0.0.1", host: "10.0.0.1", port: 4369 },
        cookieFiles: ["/run/secrets/one", "/srv/app/etc/two"],
        modules: ["./actors/*.ts"],
        modulesDirectory: "/srv/app/etc",
        hidden: true,
        killStuckAfterMs: 10_000,
      },
      listen: {
        host: "10.0.0.1",
        advertise: { host: "example.com", port: 4000 },
        lanePorts: { first: 4400, last: 4410 },
        registryPort: 0,
      },
      tls: {
        mode: "ca",
        cert: "/srv/app/etc/node.pem",
        key: "/etc/node.key",
        ca: "/srv/app/etc/ca.pem",
      },
      cluster: {
        seeds: [
          { name: "b@10.0.0.2", port: 4369 },
          { name: "c@host", port: undefined },
        ],
        dns: { host: "snow.local", port: undefined },
        mesh: false,
        sessionGraceMs: 0,
        refusedIsDown: false,
        tickIntervalMs: 1_000,
        tickTimeoutMs: 500,
      },
      start: [
        { function: "app", args: [1, "two", { three: [3] }] },
        { function: "other", args: [] },
      ],
      limits: { messageBytes: 1024 ** 2, laneHardBytes: 1024 ** 2 },
    });
  });

  test("takes an option before the environment, that before the file, that before the default", () => {
    const toml = `[tls]\nmode = "off"\n`;
    const modes = [
      parse({}),
      parse({ toml }),
      parse({ toml, env: { SNOW_TLS_MODE: "auto" } }),
      parse({ toml, env: { SNOW_TLS_MODE: "auto" }, argv: ["--tls-mode=off"] }),
    ].map((config) => [
      config.tls.mode,
      config.settings.find(({ key }) => key === "tls.mode")?.origin.text,
    ]);
    expect(modes).toEqual([
      ["auto", "default"],
      ["off", "cluster.toml:2"],
      ["auto", "SNOW_TLS_MODE"],
      ["off", "--tls-mode"],
    ]);
  });

  test("takes values of a program as they are, with the weight of options", () => {
    const config = parse({
      env: { SNOW_SCHEDULERS: "3" },
      given: {
        "node.name": "web@127.0.0.1:0",
        "node.schedulers": "inline",
        "node.modules": ["./app.ts"],
      },
    });
    expect(config.node).toMatchObject({
      schedulers: "inline",
      modules: ["./app.ts"],
      modulesDirectory: "/srv/app",
    });
    expect(config.listen).toMatchObject({ host: "127.0.0.1", port: 0 });
    expect(complaint({ given: { "node.schedulers": 0 } })).toBe(
      'node.schedulers: expected a whole number from 1 to 63, or "inline", got 0',
    );
  });

  test("takes lists from repeated options and from commas or JSON in the environment", () => {
    const seeds = (given: Given): string[] => parse(given).cluster.seeds.map((seed) => seed.name);
    expect(seeds({ argv: ["--connect=b@h:1", "--cluster-seeds=c@h"] })).toEqual(["b@h", "c@h"]);
    expect(seeds({ env: { SNOW_CLUSTER_SEEDS: "b@h:1, c@h" } })).toEqual(["b@h", "c@h"]);
    expect(parse({ env: { SNOW_MODULES: '["./{a,b}.ts"]' } }).node.modules).toEqual(["./{a,b}.ts"]);
    expect(parse({ argv: ["--start=main", '--start=app [1, "x"]'] }).start).toEqual([
      { function: "main", args: [] },
      { function: "app", args: [1, "x"] },
    ]);
  });

  test("takes the long name of a variable too, after the short one", () => {
    const named = (env: Record<string, string>) => parse({ env }).node.name?.name;
    expect(named({ SNOW_NODE_NAME: "long@h" })).toBe("long@h");
    expect(named({ SNOW_NODE_NAME: "long@h", SNOW_NAME: "short@h" })).toBe("short@h");
  });

  test("listens on its own host only where the name says so", () => {
    const hostOf = (name: string): string => parse({ argv: [`--name=${name}`] }).listen.host;
    expect(["a@127.0.0.1", "a@localhost", "a@[::1]", "a@10.0.0.1", "a@host"].map(hostOf)).toEqual([
      ...["127.0.0.1", "localhost", "::1"],
      ...["0.0.0.0", "0.0.0.0"],
    ]);
  });

  test("is frozen in all its depth and can be cloned", () => {
    const config = parse({ toml: `[[start]]\nfunction = "app"\nargs = [{ a = 1 }]\n` });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.start[0]?.args[0])).toBe(true);
    expect(structuredClone(config)).toEqual(config);
  });

  test("never shows a cookie", () => {
    const config = parse({ env: { SNOW_COOKIE: "a secret of many bytes" } });
    expect(config.node.cookie).toBe("a secret of many bytes");
    expect(JSON.stringify(config.settings)).not.toContain("secret of");
    expect(complaint({ toml: `[node]\ncookie = ["a secret of many bytes"]\n` })).toBe(
      "cluster.toml:2: node.cookie: expected a cookie of at least 16 characters, got something else",
    );
  });

  test("prefers the cookie that was said with more weight", () => {
    const toml = `[node]\ncookie_file = "/run/cookie"\n`;
    expect(parse({ toml, env: { SNOW_COOKIE: "from the environment" } }).node).toMatchObject({
      cookie: "from the environment",
      cookieFiles: [],
    });
    expect(
      parse({ toml: `[node]\ncookie = "from the file itself"\n`, argv: ["--cookie-file=c"] }).node,
    ).toMatchObject({
      cookie: undefined,
      cookieFiles: ["/srv/app/c"],
    });
  });
});

describe("a complaint is one line with place, key, what was expected and what was got", () => {
  test.each([
    [
      `[cluster]\nsesion_grace = "5s"\n`,
      "cluster.toml:2: unknown key cluster.sesion_grace, nearest is cluster.session_grace",
    ],
    [`[clutser]\nmesh = true\n`, "cluster.toml:1: unknown key clutser, nearest is cluster"],
    [`name = "a@h"\n`, "cluster.toml:1: unknown key name, nearest is node.name"],
    [
      `[cluster]\nregistry_port = 1\n`,
      "cluster.toml:2: unknown key cluster.registry_port, nearest is listen.registry_port",
    ],
    [`[tls]\nquite_another_thing = 1\n`, "cluster.toml:2: unknown key tls.quite_another_thing"],
    [
      `[[start]]\nfunction = "a"\n[[start]]\nfunktion = "b"\n`,
      "cluster.toml:4: unknown key start.funktion, nearest is start.function",
    ],
    [`[start]\nfunction = "a"\n`, "cluster.toml:1: start: expected sections [[start]]"],
    [`tls = "off"\n`, "cluster.toml:1: tls: expected a section [tls]"],
    [
      `[tls]\nmode = "of"\n`,
      'cluster.toml:2: tls.mode: expected "auto", "ca" or "off", got "of", nearest is "off"',
    ],
    [
      `[cluster]\nmesh = "yes"\n`,
      'cluster.toml:2: cluster.mesh: expected true or false, got "yes"',
    ],
    [
      `[cluster]\ntick_interval = 60\n`,
      'cluster.toml:2: cluster.tick_interval: expected a duration from 100ms to 24h such as "5s" or "500ms", got 60',
    ],
    [
      `[cluster]\ntick_interval = "50ms"\n`,
      'cluster.toml:2: cluster.tick_interval: expected a duration from 100ms to 24h such as "5s" or "500ms", got "50ms"',
    ],
    [
      `[cluster]\ntick_timeout = "15 seconds"\n`,
      'cluster.toml:2: cluster.tick_timeout: expected a duration from 100ms to 24h such as "5s" or "500ms", got "15 seconds"',
    ],
    [
      `[node]\nkill_stuck_after = "never"\n`,
      'cluster.toml:2: node.kill_stuck_after: expected a duration from 100ms to 1h such as "5s" or "500ms", or "off", got "never"',
    ],
    [
      `[limits]\nmessage = "256MB"\n`,
      'cluster.toml:2: limits.message: expected a size from 320KiB to 1GiB such as "1MiB" or "64KiB", got "256MB"',
    ],
    [
      `[node]\nname = "a"\n`,
      'cluster.toml:2: node.name: expected name@host or name@host:port, got "a"',
    ],
    [
      `[cluster]\nseeds = ["b@h", "c"]\n`,
      'cluster.toml:2: cluster.seeds: expected a list of name@host or name@host:port, got ["b@h","c"]',
    ],
    [
      `[cluster]\nseeds = ["b@h:0"]\n`,
      'cluster.toml:2: cluster.seeds: expected a list of name@host or name@host:port, got ["b@h:0"]',
    ],
    [
      `[node]\nschedulers = 64\n`,
      'cluster.toml:2: node.schedulers: expected a whole number from 1 to 63, or "inline", got 64',
    ],
    [
      `[node]\nschedulers = 1.5\n`,
      'cluster.toml:2: node.schedulers: expected a whole number from 1 to 63, or "inline", got 1.5',
    ],
    [
      `[node]\ncookie_file = ["a", "b", "c"]\n`,
      'cluster.toml:2: node.cookie_file: expected a path, or a list of one or two paths, got ["a","b","c"]',
    ],
    [
      `[listen]\nlane_ports = "4410-4400"\n`,
      'cluster.toml:2: listen.lane_ports: expected a range of ports such as "4400-4410", got "4410-4400"',
    ],
    [
      `[listen]\nregistry_port = 70000\n`,
      "cluster.toml:2: listen.registry_port: expected a whole number from 0 to 65535, got 70000",
    ],
    [
      `[listen]\nhost = "0.0.0.0:4369"\n`,
      'cluster.toml:2: listen.host: expected an IP address or a host name without a port, got "0.0.0.0:4369"',
    ],
    [
      `[log]\nlevel = { x = 1 }\n`,
      'cluster.toml:2: log.level: expected "debug", "info", "warn" or "error", got a table',
    ],
    [
      `[[start]]\nargs = []\n`,
      'cluster.toml:1: start: expected a function name with args, such as function = "app" and args = [1], or on the command line "app [1]", got [{"args":[]}]',
    ],
    [
      `[tls]\nmode = "ca"\ncert = "c"\nkey = "k"\n`,
      'cluster.toml:2: tls.mode: expected tls.ca (--tls-ca) beside mode "ca", got none',
    ],
    [
      `[node]\nname = "a@h:4390"\n`,
      "cluster.toml:2: node.name: expected another port than listen.registry_port, got 4390",
    ],
    [
      `[listen]\nlane_ports = "4360-4370"\n`,
      "cluster.toml:2: listen.lane_ports: expected a range without 4369, the port of node.name",
    ],
    [
      `[listen]\nlane_ports = "4400-4402"\n`,
      "cluster.toml:2: listen.lane_ports: expected at least 4 ports, one for each scheduler, got 3",
    ],
    [
      `[node]\ncookie = "0123456789abcdef"\ncookie_file = "c"\n`,
      "cluster.toml:2: node.cookie: expected either node.cookie or node.cookie_file, got both (cluster.toml:3)",
    ],
    [
      `[limits]\nlane_high_water = "512MiB"\n`,
      "cluster.toml:2: limits.lane_high_water: expected at most limits.lane_hard (268435456 bytes), got 536870912 bytes",
    ],
  ])("file %j", (toml, text) => {
    expect(complaint({ toml })).toBe(text);
  });

  test.each([
    [
      "SNOW_TLS_MODE",
      "of",
      'SNOW_TLS_MODE: expected "auto", "ca" or "off", got "of", nearest is "off"',
    ],
    ["SNOW_NAME", "a", 'SNOW_NAME: expected name@host or name@host:port, got "a"'],
    ["SNOW_HIDDEN", "1", 'SNOW_HIDDEN: expected true or false, got "1"'],
    [
      "SNOW_SCHEDULERS",
      "two",
      'SNOW_SCHEDULERS: expected a whole number from 1 to 63, or "inline", got "two"',
    ],
    [
      "SNOW_CLUSTER_SEEDS",
      "[b",
      'SNOW_CLUSTER_SEEDS: expected a list of name@host or name@host:port, got "[b"',
    ],
  ])("variable %s=%s", (name, value, text) => {
    expect(complaint({ env: { [name]: value } })).toBe(text);
  });

  test.each([
    ["--tls-mode=of", '--tls-mode: expected "auto", "ca" or "off", got "of", nearest is "off"'],
    ["--tls-mdoe=off", "unknown option --tls-mdoe, nearest is --tls-mode"],
    [
      "--cluster-session-grace=5",
      '--cluster-session-grace: expected a duration from 0ms to 1h such as "5s" or "500ms", got "5"',
    ],
    [
      "--start=app 1",
      '--start: expected a function name with args, such as function = "app" and args = [1], or on the command line "app [1]", got ["app 1"]',
    ],
    ["--connect=b", '--connect: expected a list of name@host or name@host:port, got ["b"]'],
  ])("option %s", (option, text) => {
    expect(complaint({ argv: [option] })).toBe(text);
  });

  test("an option that can be given once is given once", () => {
    expect(complaint({ argv: ["--name=a@h", "--name=b@h"] })).toBe(
      "--name: given twice, expected once",
    );
  });

  test("long values are cut", () => {
    expect(complaint({ argv: [`--name=${"x".repeat(500)}`] }).length).toBeLessThan(150);
  });
});

describe("a line is left out where it is ambiguous", () => {
  test("two lines could be it", () => {
    const toml = `[node]\nmodules = ["""\nname = 5\n"""]\nname = 5\n`;
    expect(complaint({ toml })).toBe(
      "cluster.toml: node.name: expected name@host or name@host:port, got 5",
    );
  });

  test("no line is it", () => {
    expect(complaint({ toml: `tls = { mode = "x" }\n` })).toBe(
      'cluster.toml: tls.mode: expected "auto", "ca" or "off", got "x"',
    );
  });

  test("but dotted and quoted keys are found", () => {
    expect(complaint({ toml: `\ntls.mode = "x"\n` })).toStartWith("cluster.toml:2: tls.mode");
    expect(complaint({ toml: `[ "tls" ] # here\n\n"mode" = "x"\n` })).toStartWith(
      "cluster.toml:3: tls.mode",
    );
  });
});

describe("a warning says what is probably not meant", () => {
  test.each([
    [{ env: { SNOW_TLS_MOD: "off" } }, ["SNOW_TLS_MOD sets nothing, nearest is SNOW_TLS_MODE"]],
    [{ env: { SNOW_SERVICE_HOST: "10.0.0.1", SNOW_PORT_4369_TCP: "x", SNOW_CONFIG: "f" } }, []],
    [{ env: { SNOW_TLS_MODE: "" } }, []],
    [
      { toml: `[tls]\ncert = "x"\n` },
      ['cluster.toml:2: tls.cert: has no effect with tls.mode = "auto"'],
    ],
    [
      { argv: ["--tls-mode=off"] },
      ["tls.mode is off: everything between nodes is readable on the network"],
    ],
    [
      { argv: ["--cookie=0123456789abcdef"] },
      [
        "--cookie: every user of this machine can read it in the list of processes; use --cookie-file or SNOW_COOKIE",
      ],
    ],
  ])("%j", (given, warnings) => {
    expect(parse(given as Given).warnings).toEqual(warnings);
  });
});

test("no two keys share an option or a variable", () => {
  expect(new Set(KEY_PATHS.map(optionName)).size).toBe(KEY_PATHS.length);
  const variables = KEY_PATHS.flatMap(variableNames);
  expect(new Set(variables).size).toBe(variables.length);
});

describe("cluster.example.toml", () => {
  const text = readFileSync(new URL("../../cluster.example.toml", import.meta.url), "utf8");
  const all = text.replaceAll(/^#(\[\[?\w|\w+ =)/gm, "$1");

  test("is a good configuration, as it stands and with every key set", () => {
    expect(parse({ toml: text }).node.name?.name).toBe("a@127.0.0.1");
    const config = parse({ toml: all.replace(/^cookie = .*$/m, "") });
    expect(config.start).toEqual([{ function: "app", args: [] }]);
  });

  test("documents every key that works", () => {
    const present = KEY_PATHS.filter((path) => {
      const [section, name] = path.split(".") as [string, string | undefined];
      const table = (Bun.TOML.parse(all) as Record<string, unknown>)[section];
      return name === undefined
        ? table !== undefined
        : Object.hasOwn((table ?? {}) as object, name);
    });
    expect(present).toEqual(KEY_PATHS.filter((path) => !keyAt(path).inert));
  });

  test("shows defaults as they are", () => {
    const values = Bun.TOML.parse(all) as Record<string, Record<string, unknown>>;
    for (const path of KEY_PATHS) {
      const { kind, default: preset } = keyAt(path);
      const [section, name] = path.split(".") as [string, string];
      if (preset === undefined || kind.list || name === undefined) continue;
      const parsed = kind.parse(values[section]?.[name]);
      expect([path, parsed]).toEqual([path, { ok: true, value: preset }]);
    }
  });
});
