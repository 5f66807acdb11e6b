import type { Socket } from "bun";

import type { Transport } from "../port/transport.ts";
import type { KeyPair } from "./certificate.ts";
import { connectionError } from "./connection-error.ts";
import { addressText, hostOf, TlsConnection } from "./tls-connection.ts";

/** How connections are protected. */
export type TlsOptions =
  | { readonly mode: "off" }
  /** Encrypts only: who the peer is, the session's handshake proves over the exporter. */
  | ({ readonly mode: "auto" } & KeyPair)
  /** Mutual: only peers whose certificate the authority signed, and when dialling, for the host that was dialled. */
  | ({
      readonly mode: "ca";
      /** PEM of one or more authorities. */
      readonly ca: string;
      /** The host that a dialled peer's certificate must stand for; the dialled host itself if left out. */
      readonly expectedHost?: (host: string, port: number) => string;
    } & KeyPair);

/** Bun's types leave `minVersion` out; it takes a number only, a string throws. */
const TLS_1_3 = 0x0304;

/** Never without `handshake`: Bun would swallow what goes wrong with TLS. */
const EVENTS = {
  handshake: (socket: Socket<TlsConnection>, _success: boolean, error: Error | null) =>
    socket.data.secured(error),
  data: (socket: Socket<TlsConnection>, bytes: Buffer) => socket.data.received(bytes),
  drain: (socket: Socket<TlsConnection>) => socket.data.drained(),
  close: (socket: Socket<TlsConnection>, error?: Error) => socket.data.lost(error),
  error: (socket: Socket<TlsConnection>, error: Error) => socket.data.failed(error),
};

function listenTls(options: TlsOptions) {
  if (options.mode === "off") return {};
  const { key, cert } = options;
  const tls = { key, cert, minVersion: TLS_1_3 };
  if (options.mode === "auto") return { tls };
  return { tls: { ...tls, ca: options.ca, requestCert: true, rejectUnauthorized: true } };
}

function dialTls(options: TlsOptions, host: string, port: number) {
  if (options.mode === "off") return {};
  if (options.mode === "auto") return { tls: { minVersion: TLS_1_3, rejectUnauthorized: false } };
  const { key, cert, ca } = options;
  const serverName = options.expectedHost?.(host, port) ?? host;
  return { tls: { key, cert, ca, minVersion: TLS_1_3, rejectUnauthorized: true, serverName } };
}

/** Makes the transport of one thread over Bun's sockets. See docs/decisions/0041. */
export function createTransport(options: TlsOptions): Transport {
  return {
    listen(address, accept) {
      try {
        // Without `reusePort`: a node that is started twice is told so.
        const listener = Bun.listen<TlsConnection>({
          hostname: address.host,
          port: address.port,
          ...listenTls(options),
          socket: {
            ...EVENTS,
            open(socket) {
              const host = hostOf(socket.remoteAddress);
              const connection = new TlsConnection(options.mode, host, socket.remotePort ?? 0);
              socket.data = connection;
              connection.handleWith(accept(host, connection));
              connection.attach(socket);
            },
          },
        });
        return { port: listener.port, close: () => listener.stop(false) };
      } catch (error) {
        throw connectionError(
          error,
          addressText(address.host, address.port),
          "address_unavailable",
        );
      }
    },
    dial({ host, port }, handler) {
      const connection = new TlsConnection(options.mode, host, port);
      connection.handleWith(handler);
      // Some bad addresses throw at once, others reject.
      Promise.try(() =>
        Bun.connect<TlsConnection>({
          hostname: host,
          port,
          data: connection,
          ...dialTls(options, host, port),
          socket: { ...EVENTS, open: (socket) => connection.attach(socket) },
        }),
      ).catch((error: unknown) => connection.lost(error as Error));
      return connection;
    },
  };
}
