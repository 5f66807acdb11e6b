import { afterEach, describe, expect, jest, test } from "bun:test";

import type { ConnectionError } from "../../src/base/error.ts";
import { HANDSHAKE_MS_MAX } from "../../src/base/limits.ts";
import {
  createCa,
  createSelfSigned,
  issueCertificate,
  type KeyPair,
} from "../../src/bun/tls/certificate.ts";
import { hostOf } from "../../src/bun/tls/tls-connection.ts";
import { createTransport, type TlsOptions } from "../../src/bun/tls/tls-transport.ts";
import type {
  Attempt,
  Connection,
  ConnectionHandler,
  Listener,
  Transport,
} from "../../src/port/transport.ts";

const HOST = "127.0.0.1";

/** A handler that a test can wait on. */
class End implements ConnectionHandler {
  readonly #opened = Promise.withResolvers<Connection>();
  readonly #closed = Promise.withResolvers<ConnectionError | undefined>();
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  onReceived: (bytes: Uint8Array) => void = () => {};
  onDrained: () => void = () => {};

  constructor() {
    this.#opened.promise.catch(() => {});
  }

  opened(connection: Connection): void {
    this.events.push("opened");
    this.#opened.resolve(connection);
  }
  received(bytes: Uint8Array): void {
    if (this.events.at(-1) !== "received") this.events.push("received");
    this.chunks.push(bytes);
    this.bytes += bytes.length;
    this.onReceived(bytes);
  }
  drained(): void {
    this.onDrained();
  }
  closed(error: ConnectionError | undefined): void {
    this.events.push("closed");
    this.#closed.resolve(error);
    this.#opened.reject(error ?? new Error("closed"));
  }
  get connection(): Promise<Connection> {
    return this.#opened.promise;
  }
  get end(): Promise<ConnectionError | undefined> {
    return this.#closed.promise;
  }
  /** Waits until this many bytes have come. */
  async receivedBytes(count: number): Promise<Buffer> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.onReceived = () => this.bytes >= count && resolve();
    this.onReceived(new Uint8Array(0));
    await promise;
    return Buffer.concat(this.chunks);
  }
}

const auto: TlsOptions = { mode: "auto", ...(await createSelfSigned({ name: "a@host", days: 1 })) };
const off: TlsOptions = { mode: "off" };
const authority = await createCa({ name: "authority", days: 1 });
const certified = async (...hosts: string[]): Promise<TlsOptions> => ({
  mode: "ca",
  ca: authority.cert,
  ...(await issueCertificate(authority, { name: "a@host", hosts, days: 1 })),
});

const listeners: Listener[] = [];
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
});

/** Listens and hands out one `End` per connection. */
function serve(transport: Transport) {
  const accepted: End[] = [];
  const incoming: Attempt[] = [];
  let wake = () => {};
  const listener = transport.listen({ host: HOST, port: 0 }, (_host, connection) => {
    const end = new End();
    accepted.push(end);
    incoming.push(connection);
    wake();
    return end;
  });
  listeners.push(listener);
  const next = async (): Promise<End> => {
    while (accepted.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return accepted.shift()!;
  };
  return { address: { host: HOST, port: listener.port }, next, incoming };
}

function dial(transport: Transport, address: { host: string; port: number }) {
  const end = new End();
  return Object.assign(end, { dialling: transport.dial(address, end) });
}

/** Sends all of it, waiting for `drained` as often as it takes. */
async function writeAll(end: End, bytes: Uint8Array): Promise<void> {
  const connection = await end.connection;
  let offset = 0;
  while (offset < bytes.length) {
    const drained = new Promise<void>((resolve) => (end.onDrained = resolve));
    const taken = connection.write(bytes, offset, bytes.length - offset);
    if (taken < 0) throw new Error("closed while writing");
    offset += taken;
    if (offset < bytes.length) await drained;
  }
}

const sha = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

for (const [name, options] of [
  ["auto", auto],
  ["ca", await certified(HOST)],
  ["off", off],
] as const) {
  describe(`transport in mode ${name}`, () => {
    const transport = createTransport(options);

    test("events come as opened, received, closed on both ends", async () => {
      const server = serve(transport);
      const client = dial(transport, server.address);
      const peer = await server.next();
      await writeAll(client, Buffer.from("hello"));
      expect((await peer.receivedBytes(5)).toString()).toBe("hello");
      await writeAll(peer, Buffer.from("world!"));
      expect((await client.receivedBytes(6)).toString()).toBe("world!");
      (await client.connection).end();
      expect(await peer.end).toBeUndefined();
      expect(await client.end).toBeUndefined();
      expect(client.events).toEqual(["opened", "received", "closed"]);
      expect(peer.events).toEqual(["opened", "received", "closed"]);
      expect((await peer.connection).remoteHost).toBe(HOST);
      expect((await client.connection).write(Buffer.from("x"), 0, 1)).toBe(-1);
    });

    test("8 MB arrive whole at a reader that pauses, and none is lost by end()", async () => {
      const server = serve(transport);
      const client = dial(transport, server.address);
      const peer = await server.next();
      const data = new Uint8Array(8 * 1024 * 1024).map((_, index) => (index * 31) ^ (index >> 8));
      const reader = await peer.connection;
      let pauses = 0;
      peer.onReceived = () => {
        if (pauses++ >= 20) return;
        reader.pause();
        setImmediate(() => reader.resume());
      };
      await writeAll(client, data);
      (await client.connection).end();
      expect(await peer.end).toBeUndefined();
      expect(pauses).toBeGreaterThan(1);
      expect(peer.bytes).toBe(data.length);
      expect(sha(Buffer.concat(peer.chunks))).toBe(sha(data));
    });

    test("terminate ends both sides", async () => {
      const server = serve(transport);
      const client = dial(transport, server.address);
      const peer = await server.next();
      await peer.connection;
      (await client.connection).terminate();
      expect((await client.end)?.code).toBe("closed_here");
      await peer.end;
    });

    test("a closed listener leaves its connections alone", async () => {
      const server = serve(transport);
      const client = dial(transport, server.address);
      const peer = await server.next();
      await client.connection;
      listeners.pop()!.close();
      await writeAll(client, Buffer.from("still here"));
      expect((await peer.receivedBytes(10)).toString()).toBe("still here");
      expect((await dial(transport, server.address).end)?.code).toBe("connection_refused");
      (await client.connection).end();
      await peer.end;
    });
  });
}

describe("exporter", () => {
  test("is equal on both ends and differs from every other connection", async () => {
    const transport = createTransport(auto);
    const server = serve(transport);
    const seen = new Set<string>();
    for (let count = 0; count < 3; count++) {
      const client = dial(transport, server.address);
      const peer = await server.next();
      const ours = Buffer.from((await client.connection).exporter()).toString("hex");
      const theirs = Buffer.from((await peer.connection).exporter()).toString("hex");
      expect(ours).toHaveLength(64);
      expect(theirs).toBe(ours);
      seen.add(ours);
      (await client.connection).terminate();
      await peer.end;
    }
    expect(seen.size).toBe(3);
  });

  test("is empty without TLS", async () => {
    const server = serve(createTransport(off));
    const client = dial(createTransport(off), server.address);
    expect((await client.connection).exporter()).toHaveLength(0);
    (await client.connection).terminate();
    await client.end;
  });
});

describe("a dial that fails", () => {
  test("is refused at a port where nobody listens", async () => {
    const server = serve(createTransport(off));
    listeners.pop()!.close();
    const error = await dial(createTransport(auto), server.address).end;
    expect(error?.code).toBe("connection_refused");
    expect(error?.message).toContain(`${HOST}:${server.address.port}`);
  });

  test("says that a name does not resolve", async () => {
    const error = await dial(createTransport(auto), { host: "nowhere.invalid", port: 1 }).end;
    expect(error?.code).toBe("name_unresolved");
  });

  test("ends in closed when the port is no port", async () => {
    expect((await dial(createTransport(auto), { host: HOST, port: 70_000 }).end)?.name).toBe(
      "ConnectionError",
    );
  });

  test("can be cancelled while the peer is silent, and reports it once", async () => {
    const server = serve(createTransport(off));
    const client = dial(createTransport(auto), server.address);
    const peer = await server.next();
    await peer.receivedBytes(1);
    const { cancel } = client.dialling;
    cancel();
    cancel();
    expect((await client.end)?.code).toBe("closed_here");
    await peer.end;
    expect(client.events).toEqual(["closed"]);
  });

  test("can be cancelled before TCP stands", async () => {
    const server = serve(createTransport(auto));
    const client = dial(createTransport(auto), server.address);
    client.dialling.cancel();
    expect((await client.end)?.code).toBe("closed_here");
    // The late socket is ended when it comes: its acceptor sees it go.
    await (
      await server.next()
    ).end;
    expect(client.events).toEqual(["closed"]);
  });

  test("to a peer without TLS ends with tls_failed", async () => {
    const server = serve(createTransport(off));
    const client = dial(createTransport(auto), server.address);
    const peer = await server.next();
    await peer.receivedBytes(1);
    await writeAll(peer, Buffer.from("this is no TLS record, this is text"));
    expect((await client.end)?.code).toBe("tls_failed");
    await peer.end;
  });
});

describe("a listener with TLS", () => {
  test("closes a client that speaks plain text, and serves the next", async () => {
    const server = serve(createTransport(auto));
    const client = dial(createTransport(off), server.address);
    await writeAll(client, Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    const peer = await server.next();
    expect((await peer.end)?.code).toBe("tls_failed");
    expect(peer.events).toEqual(["closed"]);
    await client.end;
    const good = dial(createTransport(auto), server.address);
    await good.connection;
    (await good.connection).terminate();
    await good.end;
  });

  test("can give up a client that says nothing", async () => {
    const server = serve(createTransport(auto));
    const client = dial(createTransport(off), server.address);
    const peer = await server.next();
    const { cancel } = server.incoming[0]!;
    cancel();
    expect((await peer.end)?.code).toBe("closed_here");
    await client.end;
  });

  test("gives up a client that says nothing for as long as a handshake may take", async () => {
    jest.useFakeTimers();
    try {
      const server = serve(createTransport(auto));
      const client = dial(createTransport(off), server.address);
      const peer = await server.next();
      jest.advanceTimersByTime(HANDSHAKE_MS_MAX - 1);
      expect(peer.events).toEqual([]);
      jest.advanceTimersByTime(1);
      expect((await peer.end)?.code).toBe("connection_timeout");
      await client.end;
    } finally {
      jest.useRealTimers();
    }
  });

  test("sees a client leave before TLS stood", async () => {
    const server = serve(createTransport(auto));
    const client = dial(createTransport(off), server.address);
    const peer = await server.next();
    (await client.connection).end();
    expect((await peer.end)?.name).toBe("ConnectionError");
    await client.end;
  });

  test("refuses TLS 1.2", async () => {
    const server = serve(createTransport(auto));
    const { connect } = await import("node:tls");
    const socket = connect({ ...server.address, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
    const failed = new Promise((resolve) => socket.on("error", resolve));
    expect((await (await server.next()).end)?.code).toBe("tls_failed");
    await failed;
  });

  test("on a port in use says so", () => {
    const server = serve(createTransport(auto));
    const again = () => createTransport(auto).listen(server.address, () => new End());
    expect(again).toThrow(
      expect.objectContaining({ name: "ConnectionError", code: "address_in_use" }),
    );
  });

  test("on an address of another machine says so", () => {
    const elsewhere = () =>
      createTransport(off).listen({ host: "192.0.2.1", port: 0 }, () => new End());
    expect(elsewhere).toThrow(
      expect.objectContaining({ name: "ConnectionError", code: "address_unavailable" }),
    );
  });
});

describe("mode ca", () => {
  test("refuses a peer with a certificate of its own making, before any byte of ours", async () => {
    const server = serve(createTransport(await certified(HOST)));
    const rogue = createTransport({
      ...(auto as TlsOptions & { mode: "auto" }),
      mode: "ca",
      ca: authority.cert,
    });
    const client = dial(rogue, server.address);
    const peer = await server.next();
    client.connection
      .then((connection) => connection.write(Buffer.from("let me in"), 0, 9))
      .catch(() => {});
    expect((await peer.end)?.code).toBe("tls_failed");
    expect(peer.events).toEqual(["closed"]);
    await client.end;
  });

  test("refuses a peer without a certificate", async () => {
    const server = serve(createTransport(await certified(HOST)));
    const client = dial(createTransport(auto), server.address);
    expect((await (await server.next()).end)?.code).toBe("tls_failed");
    await client.end;
  });

  test("dials an address that the certificate does not name, and tells both sides what is certified", async () => {
    const server = serve(createTransport(await certified("b.example")));
    const client = dial(createTransport(await certified("10.1.2.3", "a.example")), server.address);
    const peer = await server.next();
    const [ours, theirs] = [await client.connection, await peer.connection];
    expect([
      ours.certifies("b.example"),
      ours.certifies("a.example"),
      ours.certifies(HOST),
    ]).toEqual([true, false, false]);
    expect([
      theirs.certifies("a.example"),
      theirs.certifies("10.1.2.3"),
      theirs.certifies("10.1.2.4"),
    ]).toEqual([true, true, false]);
    ours.terminate();
    await peer.end;
  });
});

describe("keys that are renewed", () => {
  test("hold for new connections on both ends, and those that stand go on", async () => {
    const fresh = await createCa({ name: "fresh", days: 1 });
    const signedBy = async (ca: KeyPair) =>
      issueCertificate(ca, { name: "n", hosts: [HOST], days: 1 });
    const bundle = `${authority.cert}\n${fresh.cert}`;
    const [one, other] = [
      createTransport(await certified(HOST)),
      createTransport(await certified(HOST)),
    ];
    const server = serve(one);
    const ours = await dial(other, server.address).connection;
    const peer = await server.next();
    await peer.connection;
    const joins = async (transport: Transport) => {
      const client = dial(transport, server.address);
      const accepted = await server.next();
      return Promise.race([accepted.connection.then(() => "joined"), accepted.end, client.end]);
    };
    // As an operator does it: first both authorities everywhere, then the certificates, then the old authority goes.
    const newcomer = createTransport({ mode: "ca", ...(await signedBy(fresh)), ca: bundle });
    expect(await joins(newcomer)).toMatchObject({ code: "tls_failed" });
    one.renew?.({ ...(await signedBy(authority)), ca: bundle });
    expect(await joins(newcomer)).toBe("joined");
    expect(await joins(other)).toBe("joined");
    one.renew?.({ ...(await signedBy(fresh)), ca: fresh.cert });
    expect(await joins(other)).toMatchObject({ code: "tls_failed" });
    other.renew?.({ ...(await signedBy(fresh)), ca: fresh.cert });
    expect(await joins(other)).toBe("joined");
    ours.write(Buffer.from("still here"), 0, 10);
    expect((await peer.receivedBytes(10)).toString()).toBe("still here");
  });
});

test("a handler that throws brings the thread down instead of being swallowed", async () => {
  const script = `
    import { createTransport } from ${JSON.stringify(require.resolve("../../src/bun/tls/tls-transport.ts"))};
    const transport = createTransport({ mode: "off" });
    const idle = { opened() {}, received() {}, drained() {}, closed() {} };
    const listener = transport.listen({ host: "127.0.0.1", port: 0 }, () => ({ ...idle, received() { throw new Error("assertion of ours"); } }));
    transport.dial({ host: "127.0.0.1", port: listener.port }, { ...idle, opened: (c) => c.write(new Uint8Array(1), 0, 1) });
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stderr: "pipe" });
  expect(await child.exited).not.toBe(0);
  expect(await child.stderr.text()).toContain("assertion of ours");
});

test("a socket that was reset before it is looked at has no address, and that is no fault of ours", () => {
  expect([undefined, "::ffff:10.0.0.1", "::1"].map(hostOf)).toEqual(["", "10.0.0.1", "::1"]);
});
