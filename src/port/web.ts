/** HTTP and WebSocket as the outside offers them to one thread of a node. */

export interface WebListen {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Several threads listen on this port, and the kernel spreads connections over them. Without it a port in use is an error. */
  readonly isShared: boolean;
  /** Bytes of one message from a client; a longer one closes its socket. */
  readonly payloadBytes: number;
  /** Bytes that may wait for one socket before it is closed. */
  readonly backlogBytes: number;
  /** Milliseconds of silence after which a socket is pinged, and closed if it does not answer. */
  readonly idleMs: number;
  /** PEM; undefined: plain HTTP, for use behind a proxy. */
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
}

/** One WebSocket, as the server holds it. Strings leave as text messages, bytes as binary ones. */
export interface WebSocketEnd {
  /** The client's IP address. */
  readonly address: string;
  /** Bytes accepted that have not left. */
  readonly bufferedBytes: number;
  /** False: it is closed, or too much waits for it; nothing of `data` will leave. */
  send(data: string | Uint8Array): boolean;
  /** From now on it gets what `WebServer.publish` sends to the topic. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Sends to every other subscriber of the topic. */
  publish(topic: string, data: string | Uint8Array): void;
  /** Closes in order, after what was accepted has left; `code` as in RFC 6455, 1000 to 4999. */
  close(code: number, reason: string): void;
  /** Closes at once. */
  terminate(): void;
}

/** What one WebSocket reports: `opened` first and once, `closed` last and once. */
export interface WebSocketHandler {
  opened(socket: WebSocketEnd): void;
  /** Bytes are good until this returns. Text is well formed: what is not UTF-8 closes the socket. */
  message(data: string | Uint8Array): void;
  /** All that waited has left. */
  drained(): void;
  /** `code`: what either side told the other; 1005: nothing; 1006: the connection was lost, or too much waited for it. */
  closed(code: number, reason: string): void;
}

/** The answer to a request that is to become a WebSocket. */
export interface Upgrade {
  readonly upgrade: WebSocketHandler;
  /** The subprotocol that was chosen among the offered ones. */
  readonly protocol: string | undefined;
}

export type WebAnswer = Response | Upgrade;

export interface WebServer {
  readonly port: number;
  /** Sends to every subscriber of the topic on this server. */
  publish(topic: string, data: string | Uint8Array): void;
  /** Takes no new connection. */
  refuse(): void;
  /** Closes everything. */
  stop(): void;
}

export interface WebHost {
  /**
   * `answer` is called for each request with the client's IP address; what it throws is answered with 500.
   * @throws {ConnectionError} address_in_use, address_unavailable
   */
  listen(
    options: WebListen,
    answer: (request: Request, address: string) => WebAnswer | Promise<WebAnswer>,
  ): WebServer;

  /** The browser's client of rooms, as the text of a module without imports. */
  clientSource(): Promise<string>;
}
