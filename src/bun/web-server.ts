/** HTTP and WebSocket by `Bun.serve`. Compression of messages is off: a few bytes of it can stand for gigabytes. */
import { clientSource } from "./client-source.ts";
import { ConnectionError } from "../base/error.ts";
import type {
  Upgrade,
  WebAnswer,
  WebHost,
  WebListen,
  WebServer,
  WebSocketEnd,
  WebSocketHandler,
} from "../port/web.ts";

/** Seconds that a request may take to arrive, and a connection may be idle between two; the total is bounded by Bun. */
const HTTP_IDLE_SECONDS = 10;

/** RFC 6455, never sent: the connection ended without a close. */
const CODE_LOST = 1006;

interface Attached {
  readonly handler: WebSocketHandler;
  readonly address: string;
}

type BunSocket = Bun.ServerWebSocket<Attached>;

class ServerSocket implements WebSocketEnd {
  readonly address: string;
  readonly #socket: BunSocket;

  constructor(socket: BunSocket) {
    this.#socket = socket;
    this.address = socket.data.address;
  }

  get bufferedBytes(): number {
    return this.#socket.getBufferedAmount();
  }

  send(data: string | Uint8Array): boolean {
    return this.#socket.send(data as string) !== 0;
  }

  subscribe(topic: string): void {
    this.#socket.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#socket.unsubscribe(topic);
  }

  publish(topic: string, data: string | Uint8Array): void {
    this.#socket.publish(topic, data as string);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** Web servers on the calling thread. */
export const webHost: WebHost = {
  listen(options, answer): WebServer {
    const server = serve(options, answer);
    const { port } = server;
    if (port === undefined) throw new ConnectionError("address_unavailable", options.host);
    return {
      port,
      publish: (topic, data) => void server.publish(topic, data as string),
      refuse: () => void server.stop(false),
      stop: () => void server.stop(true),
    };
  },
  clientSource,
};

function serve(
  { host, port, isShared, payloadBytes, backlogBytes, idleMs, tls }: WebListen,
  answer: (request: Request, address: string) => WebAnswer | Promise<WebAnswer>,
): Bun.Server<Attached> {
  const respond = (
    request: Request,
    server: Bun.Server<Attached>,
    address: string,
    given: WebAnswer,
  ): Response | undefined => {
    if (given instanceof Response) return given;
    return upgrade(request, server, address, given);
  };
  try {
    return Bun.serve<Attached>({
      hostname: host,
      port,
      reusePort: isShared,
      idleTimeout: HTTP_IDLE_SECONDS,
      maxRequestBodySize: MAX_BODY_BYTES,
      ...(tls !== undefined && { tls: { key: tls.key, cert: tls.cert } }),
      fetch(request, server) {
        const address = server.requestIP(request)?.address ?? "";
        const given = answer(request, address);
        if (given instanceof Promise)
          return given.then((value) => respond(request, server, address, value));
        return respond(request, server, address, given);
      },
      error: () => new Response("internal error\n", { status: 500 }),
      websocket: {
        perMessageDeflate: false,
        maxPayloadLength: payloadBytes,
        backpressureLimit: backlogBytes,
        closeOnBackpressureLimit: true,
        idleTimeout: Math.min(960, Math.ceil(idleMs / 1000)),
        sendPings: true,
        open: (socket) => socket.data.handler.opened(new ServerSocket(socket)),
        message: (socket, data) => socket.data.handler.message(data),
        drain: (socket) => socket.data.handler.drained(),
        close: (socket, code, reason) => socket.data.handler.closed(codeTold(code, reason), reason),
      },
    });
  } catch (error) {
    throw listenError(error, host, port);
  }
}

/** Bytes of the body of one request: a form or a small upload; files belong on a server for files. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * How a socket was closed. What breaks the protocol Bun closes itself: the client is told why, and this side hears 1006, which
 * stands for a connection that was lost; only the reason says which it was. One that is not known stays 1006.
 */
function codeTold(code: number, reason: string): number {
  if (code !== CODE_LOST || !reason.startsWith("Received ")) return code;
  if (reason === "Received invalid UTF-8") return 1007;
  return reason === "Received too big message" ? 1009 : 1002;
}

function upgrade(
  request: Request,
  server: Bun.Server<Attached>,
  address: string,
  { upgrade: handler, protocol }: Upgrade,
): Response | undefined {
  const headers = protocol === undefined ? {} : { "Sec-WebSocket-Protocol": protocol };
  if (server.upgrade(request, { data: { handler, address }, headers })) return undefined;
  handler.closed(CODE_LOST, "not a WebSocket handshake");
  return new Response("expected a WebSocket handshake\n", { status: 426 });
}

function listenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as { readonly code?: unknown };
  const where = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    return new ConnectionError("address_in_use", `${where}: another program listens here`);
  }
  if (code === "EADDRNOTAVAIL" || code === "EACCES") {
    return new ConnectionError("address_unavailable", `${where}: ${String(code)}`);
  }
  return error;
}
