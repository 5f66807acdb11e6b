/**
 * One socket of Bun as the port wants it. Bun's promises and events come in another order than `ConnectionHandler`
 * promises, so this class turns them into opened → received, drained → closed:
 *
 *     securing ──handshake()──► open ──► closed
 *        └── refused, reset, late, cancelled ──▲
 *
 * `Bun.connect` resolves and `open` fires before TLS stands, and a write until then takes nothing: only `handshake`
 * opens a connection. Bun cannot cancel a connect either: a socket that comes late is ended when it comes.
 */
import { isIP } from "node:net";
import type { Socket } from "bun";

import type { ConnectionError } from "../../base/error.ts";
import { HANDSHAKE_MS_MAX } from "../../base/limits.ts";
import type { Connection, ConnectionHandler } from "../../port/transport.ts";
import { connectionError, isTransportFailure } from "./connection-error.ts";
import { certificateError, isTrusted, wordlessError } from "./tls-verdict.ts";

/** Names the use of the exported bytes, as RFC 5705 asks for. */
const EXPORTER_LABEL = "EXPORTER-snow-node";
const EXPORTER_BYTES = 32;
const NO_BYTES = new Uint8Array(0);

/** The part of a TLS socket that Bun's types leave out. */
interface CertifiedSocket {
  getPeerX509Certificate():
    | { checkHost(host: string): string | undefined; checkIP(host: string): string | undefined }
    | undefined;
}

/** How a connection is protected, D10. */
export type TlsMode = "auto" | "ca" | "off";

/** From the first attempt to the end. Made by `createTransport` only, which feeds it the socket's events. */
export class TlsConnection implements Connection {
  remote: string;
  remoteHost: string;
  readonly #mode: TlsMode;
  readonly #dialled: boolean;
  #hasReceived = false;
  /** Set right after the constructor; undefined again when `closed` was reported. */
  #handler: ConnectionHandler | undefined;
  /** Undefined while TCP does not stand and after the end. */
  #socket: Socket<TlsConnection> | undefined;
  #state: "securing" | "open" | "closed" = "securing";
  /** What ended the connection, when it is known before the socket says so. */
  #reason: ConnectionError | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(mode: TlsMode, host: string, port: number, dialled: boolean) {
    this.#mode = mode;
    this.#dialled = dialled;
    this.remoteHost = host;
    this.remote = addressText(host, port);
    // Neither a connect nor a TLS handshake has a time limit in Bun: a silent peer would stay for ever.
    this.#deadline = setTimeout(() => this.#end("connection_timeout"), HANDSHAKE_MS_MAX);
  }

  handleWith(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  /** TCP stands. */
  attach(socket: Socket<TlsConnection>): void {
    if (this.#state === "closed") {
      socket.terminate();
      return;
    }
    this.#socket = socket;
    this.remoteHost = hostOf(socket.remoteAddress) || this.remoteHost;
    socket.setNoDelay(true);
    if (this.#mode === "off") this.#open();
  }

  /**
   * TLS stands or failed. Bun's `success` is not asked: it is true for certificates that mode "ca" refuses, and false
   * for some whose chain mode "auto" does not care about.
   */
  secured(error: Error | null): void {
    if (this.#state !== "securing" || this.#socket === undefined) return;
    // A dialled socket verifies without enforcing, so that a certificate for another host than the one dialled passes.
    const accepted =
      this.#mode === "ca"
        ? isTrusted(error) && (this.#dialled || this.#socket.authorized)
        : !isTransportFailure(error);
    if (accepted) return this.#open();
    const failure = certificateError(error, this.remote);
    this.#fail(failure ?? connectionError(error, this.remote, "tls_failed"));
  }

  received(bytes: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#hasReceived = true;
    try {
      this.#handler?.received(bytes);
    } catch (error) {
      rethrow(error);
    }
  }

  drained(): void {
    if (this.#state !== "open") return;
    try {
      this.#handler?.drained();
    } catch (error) {
      rethrow(error);
    }
  }

  /** The socket reports an error; its `close` may or may not follow. */
  failed(error: Error): void {
    this.#fail(connectionError(error, this.remote, "connection_reset"));
  }

  /** The socket is gone, or never came. Without an error and after `open` the peer closed in order. */
  lost(error: Error | undefined | null): void {
    if (this.#state === "closed") return;
    if (error != null) this.#reason ??= connectionError(error, this.remote, "connection_reset");
    const isWordless = this.#mode === "ca" && this.#dialled && !this.#hasReceived;
    if (this.#state === "open" && isWordless) this.#reason ??= wordlessError(this.remote);
    if (this.#state === "securing") {
      this.#reason ??= connectionError(undefined, this.remote, "closed_by_peer");
    }
    this.#close();
  }

  /** A function of its own, so that a driver may keep it without the connection. */
  readonly cancel = (): void => {
    this.#end("closed_here");
  };

  write(bytes: Uint8Array, offset: number, length: number): number {
    if (this.#state !== "open" || this.#socket === undefined) return -1;
    // Without the length Bun throws for any offset above 0 (oven-sh/bun#42997).
    return length === 0 ? 0 : this.#socket.write(bytes, offset, length);
  }

  end(): void {
    if (this.#state !== "open") {
      this.cancel();
      return;
    }
    // A paused TLS socket that is ended may never report its close (oven-sh/bun#42352).
    this.#socket?.resume();
    this.#socket?.end();
  }

  terminate(): void {
    this.cancel();
  }

  pause(): void {
    if (this.#state === "open") this.#socket?.pause();
  }

  resume(): void {
    if (this.#state === "open") this.#socket?.resume();
  }

  exporter(): Uint8Array {
    if (this.#mode === "off" || this.#socket === undefined) return NO_BYTES;
    const context = Buffer.alloc(0);
    return new Uint8Array(
      this.#socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, context),
    );
  }

  certifies(host: string): boolean {
    if (this.#mode !== "ca") return true;
    const socket = this.#socket as unknown as CertifiedSocket | undefined;
    const certificate = socket?.getPeerX509Certificate();
    if (certificate === undefined) return false;
    const match = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host);
    return match !== undefined;
  }

  #open(): void {
    clearTimeout(this.#deadline);
    this.#state = "open";
    try {
      this.#handler?.opened(this);
    } catch (error) {
      rethrow(error);
    }
  }

  #end(code: "closed_here" | "connection_timeout"): void {
    this.#fail(connectionError(undefined, this.remote, code));
  }

  #fail(reason: ConnectionError): void {
    if (this.#state === "closed") return;
    this.#reason ??= reason;
    const socket = this.#socket;
    this.#close();
    socket?.terminate();
  }

  /** `closed` is told after the caller's own step: whoever terminates a connection is not called back in the middle. */
  #close(): void {
    clearTimeout(this.#deadline);
    this.#state = "closed";
    this.#socket = undefined;
    queueMicrotask(() => {
      const handler = this.#handler;
      this.#handler = undefined;
      handler?.closed(this.#reason);
    });
  }
}

/** `host:port`, with an IPv6 address in brackets. */
export function addressText(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * An IPv4 peer of a socket that listens on `::` shows as `::ffff:10.0.0.1`; limits count it with its real address. A socket that
 * was reset before it is looked at has none, whatever the types of Bun say.
 */
export function hostOf(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/**
 * A throw in a handler is a failed assertion of ours. Bun would hand it to the socket's `error` handler and go on;
 * thrown again outside of the socket's callback it ends the thread, or reaches whoever watches over it.
 */
function rethrow(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
