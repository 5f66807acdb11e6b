import type { Socket } from "bun";

import type { TlsConnection } from "./tls-connection.ts";

/** Bun's types leave `minVersion` out; it takes a number only, a string throws. */
export const TLS_1_3 = 0x0304;

/** Never without `handshake`: Bun would swallow what goes wrong with TLS. */
export const EVENTS = {
  handshake: (socket: Socket<TlsConnection>, _success: boolean, error: Error | null) =>
    socket.data.secured(error),
  data: (socket: Socket<TlsConnection>, bytes: Buffer) => socket.data.received(bytes),
  drain: (socket: Socket<TlsConnection>) => socket.data.drained(),
  close: (socket: Socket<TlsConnection>, error?: Error) => socket.data.lost(error),
  error: (socket: Socket<TlsConnection>, error: Error) => socket.data.failed(error),
};
