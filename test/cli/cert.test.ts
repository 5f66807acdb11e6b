import { expect, test } from "bun:test";

import { runCli } from "./support/fake-world.ts";

const CA = { "/etc/snow/ca.pem": "test authority", "/etc/snow/ca-key.pem": "secret" };

test("cert ca makes an authority and its key", async () => {
  const { code, out, files, folders } = await runCli([
    ...["cert", "ca", "my cluster", "--out", "/etc/snow"],
  ]);
  expect(code).toBe(0);
  expect([...folders]).toEqual(["/etc/snow"]);
  expect(out).toBe("/etc/snow/ca.pem\n/etc/snow/ca-key.pem\n");
  expect(files.get("/etc/snow/ca.pem")).toBe("my cluster, 3650 days\n");
  expect(files.get("/etc/snow/ca-key.pem")).toBe("key of my cluster\n");
});

test("cert node makes a certificate for the host in the name and every further one", async () => {
  const { code, files } = await runCli(
    ["cert", "node", "a@db1.example", "--ca", "/etc/snow", "--host", "10.0.0.1", "--days", "30"],
    { files: CA },
  );
  expect(code).toBe(0);
  expect(files.get("/srv/app/a@db1.example.pem")).toBe(
    "a@db1.example for db1.example, 10.0.0.1, 30 days, by test authority\n",
  );
  expect(files.get("/srv/app/a@db1.example-key.pem")).toBe("key of a@db1.example\n");
});

test("nothing is written over, and then nothing at all is written", async () => {
  const there = { "/srv/app/ca-key.pem": "precious" };
  const { code, err, files } = await runCli(["cert", "ca"], { files: there });
  expect(code).toBe(2);
  expect(err).toContain("/srv/app/ca-key.pem: is there already");
  expect([...files]).toEqual(Object.entries(there));
});

test.each([
  [["cert"], "expected ca or node"],
  [["cert", "authority"], "expected ca or node"],
  [["cert", "node"], "expected name@host"],
  [["cert", "node", "db1"], "expected name@host"],
  [["cert", "node", "a@h"], "expected an authority, got none"],
  [["cert", "ca", "--days", "0"], "expected days from 1"],
] as const)("bad usage is told: %j", async (argv, told) => {
  const { code, err } = await runCli(argv);
  expect(code).toBe(2);
  expect(err).toContain(told);
});
