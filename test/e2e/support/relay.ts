import { createSelfSigned, type KeyPair } from "../../../src/bun/tls/certificate.ts";

export interface RelayOptions {
  /** Where it listens; a free port if left out. */
  readonly host?: string;
  readonly port?: number;
  readonly target: { readonly host: string; readonly port: number };
  /**
   * `bytes`: hands on what comes, TLS runs from end to end. `tls`: ends TLS on both sides with a certificate of its
   * own and hands on what is inside, as somebody in the middle would.
   */
  readonly mode: "bytes" | "tls";
}

/** One direction of a relayed connection: what the other socket has not taken yet waits here. */
class Half {
  #waiting: Uint8Array[] = [];
  #to: Bun.Socket<unknown> | undefined;
  #ready = false;
  #ended = false;

  /** From now on the socket takes bytes. */
  open(to: Bun.Socket<unknown>): void {
    this.#to = to;
    this.#ready = true;
    this.flush();
  }

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.flush();
  }

  end(): void {
    this.#ended = true;
    this.flush();
  }

  flush(): void {
    if (!this.#ready || this.#to === undefined) return;
    while (this.#waiting.length > 0) {
      const bytes = this.#waiting[0]!;
      const written = this.#to.write(bytes, 0, bytes.length);
      if (written < 0) return;
      if (written < bytes.length) {
        this.#waiting[0] = bytes.subarray(written);
        return;
      }
      this.#waiting.shift();
    }
    if (this.#ended) this.#to.end();
  }
}

interface Pair {
  readonly toTarget: Half;
  readonly toClient: Half;
}

/** Stands between two nodes and hands on every byte. */
export class Relay implements Disposable {
  /** Bytes handed on, both ways: proof that the nodes did meet here. */
  bytes = 0;
  readonly #options: RelayOptions;
  readonly #keys: KeyPair | undefined;
  readonly #sockets = new Set<Bun.Socket<unknown>>();
  readonly #listener: Bun.TCPSocketListener<Pair>;

  private constructor(options: RelayOptions, keys: KeyPair | undefined) {
    this.#options = options;
    this.#keys = keys;
    this.#listener = this.#listen();
  }

  static async start(options: RelayOptions): Promise<Relay> {
    const keys =
      options.mode === "tls"
        ? await createSelfSigned({ name: "relay", hosts: ["127.0.0.1"], days: 1 })
        : undefined;
    return new Relay(options, keys);
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Breaks every connection that stands; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #listen(): Bun.TCPSocketListener<Pair> {
    const accept = (client: Bun.Socket<Pair>) => {
      this.#sockets.add(client as Bun.Socket<unknown>);
      client.data = { toTarget: new Half(), toClient: new Half() };
      this.#dial(client.data);
    };
    return Bun.listen<Pair>({
      hostname: this.#options.host ?? "127.0.0.1",
      port: this.#options.port ?? 0,
      ...(this.#keys === undefined ? {} : { tls: this.#keys }),
      socket: {
        open: (client) => {
          accept(client);
          if (this.#keys === undefined) client.data.toClient.open(client as Bun.Socket<unknown>);
        },
        handshake: (client) => client.data.toClient.open(client as Bun.Socket<unknown>),
        data: (client, chunk) => {
          this.bytes += chunk.length;
          client.data.toTarget.push(chunk);
        },
        drain: (client) => client.data.toClient.flush(),
        error: () => {},
        close: (client) => {
          this.#sockets.delete(client as Bun.Socket<unknown>);
          client.data.toTarget.end();
        },
      },
    });
  }

  #dial(pair: Pair): void {
    const { host, port } = this.#options.target;
    const dialled = Bun.connect<Pair>({
      hostname: host,
      port,
      data: pair,
      ...(this.#keys === undefined ? {} : { tls: { rejectUnauthorized: false } }),
      socket: {
        open: (target) => {
          this.#sockets.add(target as Bun.Socket<unknown>);
          if (this.#keys === undefined) pair.toTarget.open(target as Bun.Socket<unknown>);
        },
        handshake: (target) => pair.toTarget.open(target as Bun.Socket<unknown>),
        data: (_target, chunk) => {
          this.bytes += chunk.length;
          pair.toClient.push(chunk);
        },
        drain: () => pair.toTarget.flush(),
        error: () => {},
        close: (target) => {
          this.#sockets.delete(target as Bun.Socket<unknown>);
          pair.toClient.end();
        },
      },
    });
    dialled.catch(() => pair.toClient.end());
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
    this.cut();
  }
}
