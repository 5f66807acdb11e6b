import type { TCPSocketListener } from "bun";

import type { Accept, Address } from "../../port/transport.ts";
import { connectionError } from "./connection-error.ts";
import { addressText, hostOf, TlsConnection } from "./tls-connection.ts";
import { EVENTS, TLS_1_3 } from "./tls-events.ts";
import type { TlsOptions } from "./tls-transport.ts";

/** Milliseconds between two tries to listen again, should somebody have been quicker. */
const RETRY_MS = 50;

function listenTls(options: TlsOptions) {
  if (options.mode === "off") return {};
  const { key, cert } = options;
  const tls = { key, cert, minVersion: TLS_1_3 };
  if (options.mode === "auto") return { tls };
  return { tls: { ...tls, ca: options.ca, requestCert: true, rejectUnauthorized: true } };
}

/**
 * A listening socket whose certificate may change. Bun's cannot (its `reload` leaves TLS as it is), so it is replaced: the
 * connections of the old one live on, and the port is free for as long as two calls take.
 */
export class TlsListener {
  readonly port: number;
  readonly #host: string;
  readonly #accept: Accept;
  #options: TlsOptions;
  /** Undefined when closed, and while the port is in somebody else's hands. */
  #listener: TCPSocketListener<TlsConnection> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @throws {ConnectionError} address_in_use, address_unavailable */
  constructor({ host, port }: Address, accept: Accept, options: TlsOptions) {
    this.#host = host;
    this.#accept = accept;
    this.#options = options;
    try {
      this.#listener = this.#listen(port);
    } catch (error) {
      throw connectionError(error, addressText(host, port), "address_unavailable");
    }
    this.port = this.#listener.port;
  }

  renew(options: TlsOptions): void {
    this.#options = options;
    this.#listener?.stop(false);
    this.#listener = undefined;
    this.#listenAgain();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#listener?.stop(false);
    this.#listener = undefined;
  }

  #listenAgain(): void {
    clearTimeout(this.#retry);
    if (this.#isClosed || this.#listener !== undefined) return;
    try {
      this.#listener = this.#listen(this.port);
    } catch {
      this.#retry = setTimeout(() => this.#listenAgain(), RETRY_MS);
    }
  }

  #listen(port: number): TCPSocketListener<TlsConnection> {
    const options = this.#options;
    const accept = this.#accept;
    // Without `reusePort`: a node that is started twice is told so.
    return Bun.listen<TlsConnection>({
      hostname: this.#host,
      port,
      ...listenTls(options),
      socket: {
        ...EVENTS,
        open(socket) {
          const host = hostOf(socket.remoteAddress);
          const connection = new TlsConnection(options.mode, host, socket.remotePort ?? 0, false);
          socket.data = connection;
          connection.handleWith(accept(host, connection));
          connection.attach(socket);
        },
      },
    });
  }
}
