import { expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { createTransport } from "../../src/bun/tls/tls-transport.ts";
import { askNames, askPort } from "../../src/node/control/registry/registry-client.ts";
import { RegistryDriver } from "../../src/node/control/registry/registry-driver.ts";
import { steadyPort } from "../e2e/support/free-port.ts";

const transport = createTransport({ mode: "off" });
const log = { write: () => undefined };

/** A node's part in the registry at `port`, on Bun's sockets. */
function part(name: string, port: number, listenHost = "127.0.0.1"): RegistryDriver {
  const own = { name, creation: 1, port: 5_000, advertisedPort: 6_000, listenHost };
  return new RegistryDriver({ clock, log, transport, random: Math.random }, own, port);
}

const ask = (host: string, port: number) => ({
  clock,
  transport,
  address: { host, port },
  timeoutMs: 2_000,
});

test("a node that listens on all addresses widens what the holder on loopback listens on", async () => {
  const port = await steadyPort(["127.0.0.1", "127.0.0.2"]);
  using parts = new DisposableStack();
  const holder = parts.adopt(part("a@h", port), (one) => one.close());
  await holder.start();
  expect(holder.isHolding).toBe(true);
  expect(await askPort(ask("127.0.0.2", port), "a@h")).toBeUndefined();
  const wide = parts.adopt(part("b@h", port, "0.0.0.0"), (one) => one.close());
  await wide.start();
  expect(wide.isHolding).toBe(false);
  expect(await askPort(ask("127.0.0.2", port), "a@h")).toBe(5_000);
  const names = await askNames(ask("127.0.0.1", port));
  expect(names.map(({ name }) => name)).toEqual(["a@h", "b@h"]);
});

test("a holder that closes gives up its port and its name", async () => {
  const port = await steadyPort(["127.0.0.1"]);
  const first = part("a@h", port);
  await first.start();
  first.close();
  using next = new DisposableStack();
  const second = next.adopt(part("a@h", port), (one) => one.close());
  await second.start();
  expect(second.isHolding).toBe(true);
});

test("where no registry answers nothing is found", async () => {
  const port = await steadyPort(["127.0.0.1"]);
  expect(await askPort(ask("127.0.0.1", port), "a@h")).toBeUndefined();
  expect(await askNames(ask("127.0.0.1", port))).toEqual([]);
});
