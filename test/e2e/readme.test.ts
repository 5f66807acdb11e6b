import { expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { logFields } from "./support/binary-node.ts";
import { Folder } from "./support/folder.ts";
import { BINARY, buildIfNeeded, Program, PROJECT, runBinary } from "./support/program.ts";

await buildIfNeeded();

/** The first program of the README, as it is printed there. */
function firstProgram(): string {
  const readme = readFileSync(join(PROJECT, "README.md"), "utf8");
  const program = /^`app\.ts`.*?^```ts\n(.*?)^```/ms.exec(readme)?.[1];
  if (program === undefined) throw new Error("the README shows no app.ts");
  return program;
}

/** What the operator types, but for the ports. */
const start = (folder: Folder, ...args: readonly string[]): Program =>
  new Program([BINARY, ...args, "--module", "app.ts", "--listen-registry-port", "0"], {
    cwd: folder.path,
    home: folder.path,
  });

test("the README's first program passes the checker and runs on two nodes that share nothing but a home", async () => {
  using folder = new Folder();
  folder.write("app.ts", firstProgram());
  expect(await runBinary(["check"], { cwd: folder.path, home: folder.path })).toMatchObject({
    code: 0,
  });

  await using b = start(folder, "--name", "b@127.0.0.1:0");
  const ready = await b.lines.waitFor(/is up at \S+/);
  const hint = `b@${/is up at (\S+)/.exec(ready.text)?.[1]}`;
  await using a = start(
    folder,
    ...["--name", "a@127.0.0.1:0", "--connect", hint, "--start", "main"],
  );

  const left = await a.lines.waitFor((text) => logFields(text)?.text === "left");
  expect(logFields(left.text)).toMatchObject({ balance: 70 });
  b.kill("SIGKILL");
  const gone = await a.lines.waitFor((text) => logFields(text)?.text === "b is gone");
  expect(logFields(gone.text)).toMatchObject({ reason: "noconnection" });
  // The first of them has made it, readable by its owner and by nobody else.
  expect(statSync(join(folder.path, ".snow.cookie")).mode & 0o777).toBe(0o400);
});

test("the examples of docs/testing.md, typed in beside that program, pass the checker and themselves", async () => {
  const page = readFileSync(join(PROJECT, "docs/testing.md"), "utf8");
  const files = [
    ...page.matchAll(/^`([\w.]+\.ts)`[^`]*(?:`[^`\n]+`[^`]*)*?\n\n```ts\n(.*?)^```/gms),
  ];
  expect(files.map(([, name]) => name)).toEqual(["app.test.ts", "login.ts", "login.test.ts"]);
  using folder = new Folder();
  const place = { cwd: folder.path, home: folder.path };
  folder.write("app.ts", firstProgram());
  for (const [, name, text] of files) folder.write(name!, text!);
  expect(await runBinary(["types"], place)).toMatchObject({ code: 0 });
  expect(await runBinary(["check"], place)).toMatchObject({ code: 0 });
  const ran = await runBinary(["test"], place);
  expect(ran.stdout + ran.stderr).toContain("2 pass");
  expect(ran.code).toBe(0);
});
