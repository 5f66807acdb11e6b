/**
 * Hosts of their own on one machine: network namespaces around a router, so that a test can pull a host's plug or keep
 * two hosts from hearing each other as a real network does: without a word to either.
 *
 * ```
 *   host 1 (10.77.0.1) ──veth──┐
 *   host 2 (10.77.0.2) ──veth──┤ router (a namespace too; forwards)
 *   host 3 (10.77.0.3) ──veth──┘
 * ```
 *
 * Needs root and Linux; `networkRefusal` says whether it can be had.
 */
import { existsSync, readdirSync } from "node:fs";

/** Nobody else is in these namespaces, so every network uses the same addresses. */
const addressOf = (number: number): string => `10.77.0.${number}`;
const ROUTER_ADDRESS = "10.77.255.254";
const HOSTS_MAX = 250;
/** Where `ip netns` keeps the namespaces that have a name. */
const NAMED = "/run/netns";

interface Result {
  readonly ok: boolean;
  readonly complaint: string;
}

function ip(args: readonly string[], input = ""): Result {
  try {
    const { success, stderr, stdout } = Bun.spawnSync(["ip", ...args], {
      stdin: Buffer.from(input),
      stdout: "pipe",
      stderr: "pipe",
    });
    return { ok: success, complaint: `${stderr.toString()}${stdout.toString()}`.trim() };
  } catch (error) {
    return { ok: false, complaint: (error as Error).message };
  }
}

/** Runs lines of `ip` in one namespace, or in the one we are in; all of them or an error. */
function configure(namespace: string | undefined, lines: readonly string[]): void {
  const where = namespace === undefined ? [] : ["-n", namespace];
  const { ok, complaint } = ip([...where, "-batch", "-"], `${lines.join("\n")}\n`);
  if (!ok) throw new Error(`ip: ${complaint}`);
}

/** Removes what test runs that were killed have left. */
function sweep(): void {
  for (const name of existsSync(NAMED) ? readdirSync(NAMED) : []) {
    const owner = /^snow-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) ip(["netns", "del", name]);
  }
}

let made = 0;
let refusal: { readonly reason: string | undefined } | undefined;

/** Why no network of this kind can be made here, in one line; `undefined`: it can. Found out once, by making one. */
export function networkRefusal(): string | undefined {
  if (refusal === undefined) {
    try {
      new Network(1)[Symbol.dispose]();
      refusal = { reason: undefined };
    } catch (error) {
      const [line] = (error as Error).message.split("\n");
      refusal = { reason: `no network namespaces here: ${line}` };
      console.log(`skipped: ${refusal.reason}`);
    }
  }
  return refusal.reason;
}

/** One host: run programs there with `within` before their command line. */
export interface Host {
  /** From 1. */
  readonly number: number;
  readonly namespace: string;
  readonly address: string;
  /** What goes before a command to run it on this host; the program keeps the process id. */
  readonly within: readonly string[];
}

/** Hosts that all reach each other until something here says otherwise. Disposed: everything is gone. */
export class Network implements Disposable {
  readonly hosts: readonly Host[];
  readonly #router: string;
  /** The pairs `from>to` whose packets are dropped. */
  readonly #blocked = new Set<string>();
  readonly #unplugged = new Set<Host>();

  /** @throws {Error} what `ip` said, where it is not permitted. */
  constructor(hosts: number) {
    if (hosts > HOSTS_MAX) throw new Error(`got ${hosts} hosts, expected at most ${HOSTS_MAX}`);
    sweep();
    const prefix = `snow-${process.pid}-${++made}`;
    this.#router = `${prefix}-r`;
    this.hosts = Array.from({ length: hosts }, (_, index) => {
      const namespace = `${prefix}-${index + 1}`;
      return {
        number: index + 1,
        namespace,
        address: addressOf(index + 1),
        within: ["ip", "netns", "exec", namespace],
      };
    });
    try {
      this.#build();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The host with this number, from 1. */
  host(number: number): Host {
    const found = this.hosts[number - 1];
    if (found === undefined) throw new Error(`there is no host ${number}`);
    return found;
  }

  /** Takes the cable out: nobody hears from this host, and it hears from nobody. Its own programs see a dead cable. */
  unplug(host: Host): void {
    if (this.#unplugged.has(host)) return;
    configure(this.#router, [`link set p${host.number} down`]);
    this.#unplugged.add(host);
  }

  plug(host: Host): void {
    if (!this.#unplugged.delete(host)) return;
    // A link that goes down takes the routes over it along.
    configure(this.#router, [
      `link set p${host.number} up`,
      `route replace ${host.address} dev p${host.number}`,
    ]);
  }

  /** Drops every packet from one host to another, and with `oneWay` only those. */
  cut(from: Host, to: Host, how: { readonly oneWay?: boolean } = {}): void {
    this.#block(from, to);
    if (how.oneWay !== true) this.#block(to, from);
  }

  /** Ends a `cut`, both ways. */
  restore(one: Host, other: Host): void {
    this.#unblock(one, other);
    this.#unblock(other, one);
  }

  /**
   * Breaks every TCP connection of a host from within; while it is unplugged its peers do not hear of that. Does nothing
   * where the kernel cannot, or `ss` is missing.
   */
  breakSockets(host: Host): void {
    if (Bun.which("ss") === null) return;
    Bun.spawnSync([...host.within, "ss", "-K", "state", "established"], { stdout: "ignore" });
  }

  /** Every cable in, no pair cut. */
  heal(): void {
    for (const host of this.#unplugged) this.plug(host);
    for (const one of this.hosts) for (const other of this.hosts) this.#unblock(one, other);
  }

  /** The namespaces; what still runs in them keeps them alive without a name until it ends. */
  [Symbol.dispose](): void {
    for (const { namespace } of this.hosts) ip(["netns", "del", namespace]);
    ip(["netns", "del", this.#router]);
  }

  #build(): void {
    configure(undefined, [
      `netns add ${this.#router}`,
      ...this.hosts.map(({ namespace }) => `netns add ${namespace}`),
      ...this.hosts.map(
        ({ number, namespace }) =>
          `link add name p${number} netns ${this.#router} type veth peer name eth0 netns ${namespace}`,
      ),
    ]);
    const forward = Bun.spawnSync([
      ...["ip", "netns", "exec", this.#router],
      ...["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"],
    ]);
    if (!forward.success) throw new Error(`ip_forward: ${forward.stderr.toString()}`);
    configure(this.#router, [
      "link set lo up",
      `addr add ${ROUTER_ADDRESS}/32 dev lo`,
      ...this.hosts.flatMap(({ number, address }) => [
        `link set p${number} up`,
        `route add ${address} dev p${number}`,
      ]),
    ]);
    for (const { namespace, address } of this.hosts) {
      configure(namespace, [
        "link set lo up",
        "link set eth0 up",
        `addr add ${address}/32 dev eth0`,
        `route add ${ROUTER_ADDRESS} dev eth0`,
        `route add default via ${ROUTER_ADDRESS} dev eth0`,
      ]);
    }
  }

  #block(from: Host, to: Host): void {
    const pair = `${from.number}>${to.number}`;
    if (this.#blocked.has(pair)) return;
    configure(this.#router, [`rule add from ${from.address} to ${to.address} blackhole`]);
    this.#blocked.add(pair);
  }

  #unblock(from: Host, to: Host): void {
    if (!this.#blocked.delete(`${from.number}>${to.number}`)) return;
    configure(this.#router, [`rule del from ${from.address} to ${to.address} blackhole`]);
  }
}
