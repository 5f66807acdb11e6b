import { expect, test } from "bun:test";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  createCa,
  issueCertificate,
  type CertificateOptions,
  type KeyPair,
} from "../../src/bun/tls/certificate.ts";
import { BinaryCluster, sees, type Extra } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";
import { runBinary } from "./support/program.ts";

/** Nodes in mode "ca" and the files they are given. */
class CertifiedCluster {
  readonly cluster: BinaryCluster;
  readonly folder: string;

  constructor(cluster: BinaryCluster) {
    this.cluster = cluster;
    this.folder = join(cluster.folder.path, "tls");
    mkdirSync(this.folder);
  }

  /** Replaces a file at once, as tools that renew certificates do. */
  put(name: string, text: string): void {
    writeFileSync(join(this.folder, `${name}.new`), text, { mode: 0o600 });
    renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
  }

  /** Gives a node a certificate of an authority; what `options` leaves out is as it should be. */
  async certify(letter: string, ca: KeyPair, options: Partial<CertificateOptions> = {}) {
    const name = `${letter}@127.0.0.1`;
    const pair = await issueCertificate(ca, { name, hosts: ["127.0.0.1"], days: 1, ...options });
    this.put(`${name}-key.pem`, pair.key);
    this.put(`${name}.pem`, pair.cert);
  }

  add(letter: string, extra: Extra = {}): Promise<BinaryNode> {
    const path = (name: string) => join(this.folder, name);
    const files = [
      ...["--tls-mode", "ca", "--tls-ca", path("ca.pem")],
      ...["--tls-cert", path(`${letter}@127.0.0.1.pem`)],
      ...["--tls-key", path(`${letter}@127.0.0.1-key.pem`)],
    ];
    return this.cluster.add(letter, { ...extra, args: [...files, ...(extra.args ?? [])] });
  }
}

const warnings = (node: BinaryNode) =>
  node.lines.all
    .map((line) => node.fields(line))
    .filter((fields) => fields?.level === "warn" || fields?.level === "error");

const warned = (node: BinaryNode, pattern: RegExp) =>
  node.lines.waitFor((text, line) => node.fields(line)?.level === "warn" && pattern.test(text));

test("two nodes with certificates that snow-node made form a cluster, and a tool joins with one of them", async () => {
  await using cluster = await BinaryCluster.start();
  const certified = new CertifiedCluster(cluster);
  const make = async (...args: readonly string[]) => {
    const at = { cwd: certified.folder, home: cluster.folder.path };
    expect(await runBinary(["cert", ...args], at)).toMatchObject({ code: 0, stderr: "" });
  };
  await make("ca");
  await Promise.all([make("node", "a@127.0.0.1"), make("node", "b@127.0.0.1")]);
  const a = await certified.add("a");
  const b = await certified.add("b", { start: ["look", 'talk [["a@127.0.0.1"]]'] });
  await sees(a, b.name);
  await b.logged("talked");
  expect([...warnings(a), ...warnings(b)]).toEqual([]);
  const path = (name: string) => join(certified.folder, name);
  const { code, stdout } = await a.verb(
    "status",
    ...["--json", "--tls-mode", "ca", "--tls-ca", path("ca.pem")],
    ...["--tls-cert", path("a@127.0.0.1.pem"), "--tls-key", path("a@127.0.0.1-key.pem")],
  );
  expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 0, tls: "ca" });
});

test.each([
  ["of another authority", /authority that tls.ca does not name/, {}, true],
  ["that has expired", /certificate has expired/, { days: -0.5 }, false],
  ["for another host", /does not stand for its host/, { hosts: ["db.example"] }, false],
] as const)(
  "a node with a certificate %s is refused, whoever dials, with a line that says why",
  async (_what, why, options, isRogue) => {
    await using cluster = await BinaryCluster.start();
    const certified = new CertifiedCluster(cluster);
    const ca = await createCa({ name: "ours", days: 1 });
    const other = await createCa({ name: "theirs", days: 1 });
    // The stranger trusts us, so that nothing but its own certificate is in the way.
    certified.put("ca.pem", ca.cert);
    await certified.certify("a", ca);
    await certified.certify("bad", isRogue ? other : ca, options);
    await certified.certify("good", ca);
    const a = await certified.add("a");
    const bad = await certified.add("bad", { connect: [a] });
    await warned(a, why);
    await warned(bad, /dial failed/);
    const good = await certified.add("good", { connect: [bad, a] });
    await warned(good, why);
    await sees(a, good.name);
    expect(a.log("seen").map(({ peer }) => peer)).toEqual([good.name]);
    expect(bad.log("seen")).toEqual([]);
    // One line for each time that it was refused.
    const lines = warnings(good).filter((fields) => why.test(JSON.stringify(fields)));
    expect(new Set(lines.map((fields) => fields?.time)).size).toBe(lines.length);
  },
);

test("a node that shows no certificate is told to, on both sides", async () => {
  await using cluster = await BinaryCluster.start();
  const certified = new CertifiedCluster(cluster);
  const ca = await createCa({ name: "ours", days: 1 });
  certified.put("ca.pem", ca.cert);
  await certified.certify("a", ca);
  const a = await certified.add("a");
  const bare = await cluster.add("bare", { connect: [a] });
  await warned(a, /connection refused.*shows no certificate; set tls.mode/);
  await warned(bare, /dial failed.*wants to see a certificate/);
});

test("certificates are replaced while sessions go on, and nodes of the new authority join", async () => {
  await using cluster = await BinaryCluster.start();
  const certified = new CertifiedCluster(cluster);
  const [before, after] = await Promise.all([
    createCa({ name: "before", days: 1 }),
    createCa({ name: "after", days: 1 }),
  ]);
  certified.put("ca.pem", before.cert);
  await certified.certify("a", before);
  await certified.certify("b", before);
  const a = await certified.add("a");
  const b = await certified.add("b");
  await cluster.meshed();
  // One authority put right behind the other, as `cat` does it: the first one is good, and no listener takes the two.
  certified.put("ca.pem", before.cert.trimEnd() + after.cert);
  a.program.kill("SIGHUP");
  await warned(a, /certificates not reloaded.*tls\.ca/);
  certified.put("ca.pem", before.cert);
  // Half a pair first: the old one is kept until both files belong together.
  certified.put("a@127.0.0.1.pem", (await issueCertificate(after, { name: "x", days: 1 })).cert);
  a.program.kill("SIGHUP");
  await a.logged("certificates not reloaded");
  certified.put("ca.pem", `${before.cert}\n${after.cert}`);
  await certified.certify("a", after);
  a.program.kill("SIGHUP");
  // Nobody tells b: it notices by itself.
  await Promise.all([a.logged("certificates reloaded"), b.logged("certificates reloaded")]);
  await certified.certify("c", after);
  const c = await certified.add("c", {
    connect: [a],
    start: ["look", 'talk [["a@127.0.0.1", "b@127.0.0.1"]]'],
  });
  await sees(c, b.name);
  await c.logged("talked", { home: "b@127.0.0.1" });
  for (const node of [a, b]) {
    expect(node.log("seen").filter(({ what }) => what === "nodedown")).toEqual([]);
    expect(node.log("session suspect")).toEqual([]);
  }
});

test("a key that is not the certificate's is a usage error before anything starts", async () => {
  await using cluster = await BinaryCluster.start();
  const certified = new CertifiedCluster(cluster);
  const ca = await createCa({ name: "ours", days: 1 });
  certified.put("ca.pem", ca.cert);
  await certified.certify("a", ca);
  certified.put("a@127.0.0.1-key.pem", ca.key);
  const path = (name: string) => join(certified.folder, name);
  const { code, stderr } = await runBinary(
    [
      ...["--name", "a@127.0.0.1:0", "--listen-registry-port", "0", "--tls-mode", "ca"],
      ...["--tls-cert", path("a@127.0.0.1.pem"), "--tls-key", path("a@127.0.0.1-key.pem")],
      ...["--tls-ca", path("ca.pem")],
    ],
    { cwd: certified.folder, home: certified.folder, env: { SNOW_COOKIE: cluster.cookie } },
  );
  expect(code).toBe(2);
  expect(stderr).toContain("the key is not that of the certificate");
});
