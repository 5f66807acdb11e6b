/** Several inline nodes on loopback, connected to each other, for tests of actors that span nodes. */
import { entropy } from "../bun/entropy.ts";
import { clock } from "../bun/clock.ts";
import type { Address } from "../port/transport.ts";
import { BreakableTransport } from "./breakable-transport.ts";
import type { NodeOptions } from "./options.ts";
import { launchNode } from "./start-node.ts";
import { testNodeOf, testOptions, type TestNode } from "./test-node.ts";

/** Milliseconds between two looks whether the nodes have found each other. */
const LOOK_MS = 2;
/** Milliseconds that a cluster may take to form. */
const FORM_MS = 5_000;

export interface TestCluster<N extends string> extends AsyncDisposable {
  readonly nodes: { readonly [name in N]: TestNode };
  /** Ends a node as a power cut does: its peers' processes hear `noconnection`. */
  kill(node: N): Promise<void>;
  /** Breaks the way between two nodes until the result is disposed of; then they connect again. */
  cut(a: N, b: N): Disposable;
}

/**
 * Starts nodes named `<name>@127.0.0.1` and waits until each is connected to all others. Sessions end with their sockets
 * unless `sessionGraceMs` says otherwise.
 */
export async function testCluster<const N extends string>(
  names: readonly N[],
  options: NodeOptions = {},
): Promise<TestCluster<N>> {
  const cookie = entropy.bytes(24).toHex();
  const nodes = new Map<N, TestNode>();
  const transports = new Map<N, BreakableTransport>();
  const addresses: string[] = [];
  const addressOf = new Map<N, Address>();
  const nameOf = (name: string): string => `${name}@127.0.0.1`;
  for (const name of names) {
    const given = { cookie, sessionGraceMs: 0, ...options };
    const started = await launchNode(
      testOptions({ ...given, name: `${nameOf(name)}:0`, seeds: [...addresses] }),
      {
        transport: (inner) => {
          const transport = new BreakableTransport(inner);
          transports.set(name, transport);
          return transport;
        },
      },
    );
    nodes.set(name, testNodeOf(started));
    const { address } = started.info;
    if (address === undefined) continue;
    addressOf.set(name, address);
    addresses.push(`${nameOf(name)}:${address.port}`);
  }
  const deadline = clock.now() + FORM_MS;
  const formed = (): boolean =>
    [...nodes.values()].every((node) => node.node.list().length === names.length - 1);
  while (!formed()) {
    if (clock.now() > deadline) throw new Error(`the nodes ${names.join(", ")} did not connect`);
    await new Promise<void>((resolve) => clock.setTimer(LOOK_MS, resolve));
  }
  const get = (name: N): TestNode => nodes.get(name) as TestNode;
  return {
    nodes: Object.fromEntries(nodes) as { readonly [name in N]: TestNode },
    kill(name) {
      transports.get(name)?.die();
      return get(name).stop();
    },
    cut(a, b) {
      const [left, right] = [transports.get(a)!, transports.get(b)!];
      left.cut(right);
      right.cut(left);
      return {
        [Symbol.dispose]: () => {
          left.heal(right);
          right.heal(left);
          const { port } = addressOf.get(b)!;
          void get(a)
            .node.connect(`${nameOf(b)}:${port}`)
            .catch(() => undefined);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...nodes.values()].map((node) => node.stop()));
    },
  };
}
