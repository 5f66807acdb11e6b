import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";

import { BinaryCluster, sees } from "./support/binary-cluster.ts";
import { randomCookie, type BinaryNode } from "./support/binary-node.ts";
import { guessedProof, hello } from "./support/hello.ts";
import { Stranger } from "./support/stranger.ts";

/** A node that is well lets another one in. */
async function admits(cluster: BinaryCluster, node: BinaryNode): Promise<void> {
  const good = await cluster.add("good", { connect: [node] });
  await sees(node, good.name);
}

/** The lines that tell the operator, at least a warning, without a word of what the stranger sent. */
const warnings = (node: BinaryNode) =>
  node.lines.all
    .map((line) => node.fields(line))
    .filter((fields) => fields?.level === "warn" || fields?.level === "error");

function warned(node: BinaryNode, pattern: RegExp): Promise<unknown> {
  return node.lines.waitFor(
    (text, line) => node.fields(line)?.level !== "info" && pattern.test(text),
  );
}

test("a node with the wrong cookie is refused, with one line on each side and without the cookie in it", async () => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  const cookie = randomCookie();
  const wrong = await cluster.add("wrong", { cookie, connect: [a] });
  await Promise.all([warned(a, /bad_digest|cookie/), warned(wrong, /bad_digest|cookie/)]);
  await admits(cluster, a);
  expect(a.log("seen").map(({ peer }) => peer)).toEqual(["good@127.0.0.1"]);
  for (const node of [a, wrong]) {
    expect(node.lines.text()).not.toContain(cookie);
    expect(node.lines.text()).not.toContain(cluster.cookie);
  }
});

test("a node without TLS and one with TLS refuse each other, whoever dials", async () => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  const plain = await cluster.add("plain", { args: ["--tls-mode", "off"], connect: [a] });
  await warned(plain, /dial failed.*set the same on both/);
  await warned(a, /the peer speaks without TLS; if it is a node, set the same tls.mode/);
  const secured = await cluster.add("secured", { connect: [plain] });
  await warned(secured, /set the same tls.mode/);
  await warned(plain, /connection refused.*set the same on both/);
  await admits(cluster, a);
  expect(plain.log("seen")).toEqual([]);
  expect(a.log("seen").map(({ peer }) => peer)).not.toContain("plain@127.0.0.1");
});

test("two nodes with TLS off join, and each says so in a warning", async () => {
  await using cluster = await BinaryCluster.start();
  const args = ["--tls-mode", "off"];
  const a = await cluster.add("a", { args });
  const b = await cluster.add("b", { args });
  await cluster.meshed();
  for (const node of [a, b]) await warned(node, /tls/i);
});

test.each([{ tls: false }, { tls: true }])(
  "1 MB of random bytes does no harm to a node: %j",
  async ({ tls }) => {
    await using cluster = await BinaryCluster.start("a");
    const a = cluster.node("a");
    using stranger = await Stranger.dial(a.port, { tls });
    await stranger.write(randomBytes(1_000_000));
    await stranger.closed();
    await admits(cluster, a);
    expect(a.program.running).toBe(true);
    // Refused, and said once: a stranger must not be able to fill the disk with the log.
    expect(warnings(a).length).toBeLessThanOrEqual(1);
  },
);

test("an anonymous client is told nothing that it could guess the cookie from", async () => {
  await using cluster = await BinaryCluster.start("a");
  using stranger = await Stranger.dial(cluster.node("a").port, { tls: true });
  await stranger.write(randomBytes(64));
  await stranger.closed();
  expect(stranger.bytesReceived).toBeLessThan(256);
});

test.each([
  {
    what: "another version",
    frames: () => [hello({ versions: { min: 99, max: 99 } })],
    says: "version_unsupported",
  },
  {
    what: "a demand that is not met",
    frames: () => [hello({ capabilities: { offered: 2 ** 30, required: 2 ** 30 } })],
    says: "capability_missing",
  },
  { what: "another TLS mode", frames: () => [hello({ tlsMode: "ca" })], says: "tls_mode_differs" },
  {
    what: "the node's own name",
    frames: () => [hello({ name: "a@127.0.0.1" })],
    says: "connected_to_self|name_taken",
  },
  { what: "a guessed proof", frames: () => [hello(), guessedProof()], says: "bad_digest" },
  {
    what: "a proof before its HELLO",
    frames: () => [guessedProof()],
    says: "unexpected_message|bad_magic",
  },
  { what: "HTTP", frames: () => [Buffer.from("GET / HTTP/1.1\r\n\r\n")], says: "bad_magic" },
])("$what is refused with one line that names it", async ({ frames, says }) => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  using stranger = await Stranger.dial(a.port, { tls: true });
  for (const frame of frames()) await stranger.write(frame);
  await stranger.closed();
  await warned(a, new RegExp(says));
  await admits(cluster, a);
  expect(warnings(a)).toHaveLength(1);
});

test.each([{ tls: false }, { tls: true }])(
  "silence ends with the handshake's time, in one line: %j",
  async ({ tls }) => {
    await using cluster = await BinaryCluster.start();
    const a = await cluster.add("a", { args: ["--limits-handshake", "300ms"] });
    using stranger = await Stranger.dial(a.port, { tls });
    await stranger.closed();
    await warned(a, /timeout/);
    expect(warnings(a)).toHaveLength(1);
  },
);

test("a HELLO that trickles in byte by byte gets no more time than any other", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await cluster.add("a", { args: ["--limits-handshake", "500ms"] });
  using stranger = await Stranger.dial(a.port, { tls: true });
  const from = performance.now();
  let over = false;
  void stranger.closed().then(() => (over = true));
  for (const byte of hello()) {
    if (over) break;
    await stranger.write(Uint8Array.of(byte));
    await Bun.sleep(20);
  }
  await stranger.closed();
  expect(performance.now() - from).toBeLessThan(2_000);
  await warned(a, /handshake_timeout/);
});

test("200 silent connections hold up nobody: a good node is in within a second", async () => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  using silent = new DisposableStack();
  const dials = Array.from({ length: 200 }, async (_, n) => {
    // Some are cut off before TLS is done, because the node closes the oldest of too many.
    const stranger = await Stranger.dial(a.port, { tls: n % 2 === 0 }).catch(() => undefined);
    if (stranger !== undefined) silent.use(stranger);
  });
  await Promise.all(dials);
  const good = await cluster.add("good", { connect: [a] });
  const upAt = good.lines.all.find((line) => good.fields(line)?.text === "up")?.at;
  const seenAt = (await a.logged("seen", { what: "nodeup", peer: good.name })).at;
  const joinMs = seenAt - upAt!;
  console.log(`beside 200 silent connections a good node was in ${joinMs} ms after it was up`);
  expect(joinMs).toBeLessThan(1_000);
  // More than half of them were closed by now; a log that says each of them could be filled by anybody.
  expect(warnings(a).length).toBeLessThanOrEqual(30);
});

test("a node whose name is taken is refused, and the one that has the name stays", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  const second = await cluster.add("b", { connect: [a] });
  await warned(second, /name_taken/);
  await warned(a, /name_taken/);
  expect(a.log("seen")).toEqual([expect.objectContaining({ what: "nodeup", peer: b.name })]);
  expect(b.log("seen").filter(({ what }) => what === "nodedown")).toEqual([]);
});
