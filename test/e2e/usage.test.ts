import { expect, test } from "bun:test";

import { Folder } from "./support/folder.ts";
import { buildIfNeeded, runBinary, type Outcome } from "./support/program.ts";

await buildIfNeeded();

/** Runs the executable with these files in its working directory. */
async function runWith(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  using folder = new Folder();
  for (const [name, text] of Object.entries(files)) folder.write(name, text);
  return await runBinary(args, { cwd: folder.path, home: folder.path, env });
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");

const NODE = ["--name", "a@127.0.0.1:0", "--listen-registry-port", "0"];

const VERBS = [
  ...["run", "status", "nodes", "ps", "functions", "spawn", "send", "stop"],
  ...["types", "check", "test"],
];

test.each(VERBS)("%s --help says what it does, with an example", async (verb) => {
  const { code, stdout, stderr } = await runWith({}, [verb, "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`Usage: snow-node ${verb}`);
  expect(stdout).toMatch(/Examples?:\n {2}.*snow-node/);
});

test("--help lists the verbs, --version prints the version, both on standard output", async () => {
  const help = await runWith({}, ["--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  for (const verb of VERBS) expect(help.stdout).toContain(verb);
  const version = await runWith({}, ["--version"]);
  expect(version).toMatchObject({ code: 0, stderr: "" });
  expect(version.stdout).toMatch(/\d+\.\d+\.\d+/);
});

test.each([
  { args: ["frobnicate"], says: "frobnicate" },
  { args: ["statsu"], says: "status" },
  { args: ["status", "--jsno"], says: "--json" },
  { args: ["send", "nobody"], says: "message" },
  { args: ["run", "--schedulers", "many"], says: "--schedulers" },
  { args: ["run"], says: "--name" },
  { args: ["--name", "a"], says: "--name" },
])("bad usage exits with 2 and one line that helps: %j", async ({ args, says }) => {
  const { code, stdout, stderr } = await runWith({}, args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(says);
  expect(linesOf(stderr)).toHaveLength(1);
});

test("a misspelt key is one line with file, line, key and the nearest valid one, and exit code 2", async () => {
  const toml = `[node]\nname = "a@127.0.0.1:0"\n\n[listen]\nregistry_prot = 0\n`;
  const outcome = await runWith({ "cluster.toml": toml }, ["run", "--config", "cluster.toml"]);
  expect(outcome).toEqual({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining(
      "cluster.toml:5: unknown key listen.registry_prot, nearest is listen.registry_port",
    ),
  });
  expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("a bad value says what was expected and what was got", async () => {
  const toml = `[node]\nname = "a@127.0.0.1:0"\nschedulers = 99\n`;
  const outcome = await runWith({ "cluster.toml": toml }, ["run", "--config", "cluster.toml"]);
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).toMatch(/cluster\.toml:3: node\.schedulers: expected .*63.*, got 99/);
});

test("a file that is no TOML is refused with its line", async () => {
  const outcome = await runWith({ "cluster.toml": "[node]\nname =\n" }, [
    ...["run", "--config", "cluster.toml"],
  ]);
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).toMatch(/cluster\.toml:2/);
});

test("--print-config shows every value and where it came from, and no cookie", async () => {
  const secret = "a cookie that nobody may see";
  const toml = `[node]\nname = "a@127.0.0.1:0"\n[tls]\nmode = "off"\n`;
  const outcome = await runWith(
    { "cluster.toml": toml },
    ["run", "--config", "cluster.toml", "--print-config", "--schedulers", "3"],
    { SNOW_COOKIE: secret, SNOW_TLS_MODE: "auto" },
  );
  expect(outcome.code).toBe(0);
  expect(outcome.stdout).toMatch(/node\.name\s+\S*a@127\.0\.0\.1:0\S*\s+cluster\.toml:2/);
  expect(outcome.stdout).toMatch(/node\.schedulers\s+3\s+--schedulers/);
  expect(outcome.stdout).toMatch(/tls\.mode\s+\S*auto\S*\s+SNOW_TLS_MODE/);
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
});

test("a port in use is said by number, with exit code 2", async () => {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const name = `a@127.0.0.1:${listener.port}`;
  const outcome = await runWith({}, ["--name", name, "--listen-registry-port", "0"]);
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).toContain(String(listener.port));
  expect(outcome.stderr).toMatch(/in use/);
});

test("a module with a syntax error is shown with its code, and nothing starts", async () => {
  const outcome = await runWith({ "app.ts": "export const x = ;\n" }, [
    ...NODE,
    ...["--module", "app.ts"],
  ]);
  expect(outcome).toMatchObject({ code: 2, stdout: "" });
  expect(outcome.stderr).toContain("app.ts:1");
  expect(outcome.stderr).toContain("export const x = ;");
});

test("a package that is not installed is named", async () => {
  const outcome = await runWith({ "app.ts": `import "no-such-package-anywhere";\n` }, [
    ...NODE,
    ...["--module", "app.ts"],
  ]);
  expect(outcome).toMatchObject({ code: 2, stdout: "" });
  expect(outcome.stderr).toContain("no-such-package-anywhere");
  expect(outcome.stderr).toContain("app.ts");
});

test("two functions of one name are refused, naming both files", async () => {
  const module = `import { define } from "snow-node";\nexport const f = define("twin", async () => {});\n`;
  const outcome = await runWith({ "one.ts": module, "two.ts": module }, [
    ...NODE,
    ...["--module", "one.ts", "--module", "two.ts"],
  ]);
  expect(outcome).toMatchObject({ code: 2, stdout: "" });
  for (const part of ["twin", "one.ts", "two.ts"]) expect(outcome.stderr).toContain(part);
});

test("a module that is not there, and a function to start that nobody defined, are refused", async () => {
  const missing = await runWith({}, [...NODE, "--module", "nowhere.ts"]);
  expect(missing).toMatchObject({ code: 2, stdout: "" });
  expect(missing.stderr).toContain("nowhere.ts");
  const unknown = await runWith({}, [...NODE, "--start", "nothing"]);
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
  expect(unknown.stderr).toContain("nothing");
});
