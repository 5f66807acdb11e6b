import type {
  Accept,
  Address,
  Attempt,
  ConnectionHandler,
  Listener,
  TlsKeys,
  Transport,
} from "../../port/transport.ts";
import type { KeyPair } from "./certificate.ts";
import { TlsConnection } from "./tls-connection.ts";
import { EVENTS, TLS_1_3 } from "./tls-events.ts";
import { TlsListener } from "./tls-listener.ts";

/** How connections are protected. */
export type TlsOptions =
  | { readonly mode: "off" }
  /** Encrypts only: who the peer is, the session's handshake proves over the exporter. */
  | ({ readonly mode: "auto" } & KeyPair)
  /** Mutual: only peers whose certificate one of the authorities signed. Whom it stands for, `certifies` tells. */
  | ({ readonly mode: "ca" } & TlsKeys);

function dialTls(options: TlsOptions) {
  if (options.mode === "off") return {};
  // Verified in mode "ca" as well, by `TlsConnection.secured`: a host other than the dialled one is no fault there.
  const tls = { minVersion: TLS_1_3, rejectUnauthorized: false };
  if (options.mode === "auto") return { tls };
  const { key, cert, ca } = options;
  return { tls: { ...tls, key, cert, ca } };
}

/** Makes the transport of one thread over Bun's sockets. See docs/decisions/0041. */
export function createTransport(options: TlsOptions): Transport {
  return new TlsTransport(options);
}

class TlsTransport implements Transport {
  #options: TlsOptions;
  readonly #listeners = new Set<TlsListener>();

  constructor(options: TlsOptions) {
    this.#options = options;
  }

  listen(address: Address, accept: Accept): Listener {
    const listener = new TlsListener(address, accept, this.#options);
    this.#listeners.add(listener);
    return {
      port: listener.port,
      close: () => {
        this.#listeners.delete(listener);
        listener.close();
      },
    };
  }

  dial({ host, port }: Address, handler: ConnectionHandler): Attempt {
    const options = this.#options;
    const connection = new TlsConnection(options.mode, host, port, true);
    connection.handleWith(handler);
    // Some bad addresses throw at once, others reject.
    Promise.try(() =>
      Bun.connect<TlsConnection>({
        hostname: host,
        port,
        data: connection,
        ...dialTls(options),
        socket: { ...EVENTS, open: (socket) => connection.attach(socket) },
      }),
    ).catch((error: unknown) => connection.lost(error as Error));
    return connection;
  }

  renew(keys: TlsKeys): void {
    if (this.#options.mode !== "ca") return;
    this.#options = { mode: "ca", ...keys };
    for (const listener of this.#listeners) listener.renew(this.#options);
  }
}
