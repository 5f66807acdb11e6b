import type { Socket } from "bun";

import type { TlsConnection } from "./tls-connection.ts";

/** Bun's types leave `minVersion` out; it takes a number only, a string throws. */
export const TLS_1_3 = 0x0304;

/** `data` is set in `open`: a connection that breaks before it is accepted has an `error` or `close`, and none. */
type EventSocket = Socket<TlsConnection | undefined>;

/** Never without `handshake`: Bun would swallow what goes wrong with TLS. */
export const EVENTS = {
  handshake: (socket: EventSocket, _success: boolean, error: Error | null) =>
    socket.data?.secured(error),
  data: (socket: EventSocket, bytes: Buffer) => socket.data?.received(bytes),
  drain: (socket: EventSocket) => socket.data?.drained(),
  close: (socket: EventSocket, error?: Error) => socket.data?.lost(error),
  error: (socket: EventSocket, error: Error) => socket.data?.failed(error),
};
