import type { ConnectionError } from "../base/error.ts";

/** Where a socket listens or dials: an IP address or host name, and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One byte stream to a peer, TLS or plain. It never buffers: what `write` does not take, the caller keeps. */
export interface Connection {
  /** The peer's IP address without a port, for limits and log lines. */
  readonly remoteHost: string;
  /** `host:port` of the peer, for log lines. */
  readonly remote: string;
  /** Bytes taken, 0 to `length`; fewer than `length` means: wait for `drained`. -1 when the connection is closed. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  /** Closes after everything taken by `write` has left. */
  end(): void;
  /** Closes at once. */
  terminate(): void;
  pause(): void;
  resume(): void;
  /** 32 bytes that are equal on both ends of this very TLS connection and on no other; empty when TLS is off. */
  exporter(): Uint8Array;
  /** Whether the peer's certificate stands for this host; true where certificates prove nothing (`auto`, `off`). */
  certifies(host: string): boolean;
}

/** What a connection reports. `opened` comes first and once, after TLS stands; `closed` comes last and once. */
export interface ConnectionHandler {
  opened(connection: Connection): void;
  /** `bytes` belong to the handler: nobody writes to them afterwards. */
  received(bytes: Uint8Array): void;
  /** `write` may be tried again. */
  drained(): void;
  /** Also after a dial that never opened. `undefined`: closed in order. */
  closed(error: ConnectionError | undefined): void;
}

export interface Listener {
  readonly port: number;
  close(): void;
}

/** A connection that may not stand yet. */
export interface Attempt {
  /** Gives it up whatever its state; may be kept without the attempt and called more than once. */
  readonly cancel: () => void;
}

/** What the operator gives a node to prove itself with, and to recognise others by; all PEM. */
export interface TlsKeys {
  readonly key: string;
  readonly cert: string;
  /** One or more authorities. */
  readonly ca: string;
}

/** Called when TCP stands, before TLS: a client that stays silent is already counted. */
export type Accept = (remoteHost: string, incoming: Attempt) => ConnectionHandler;

/** How connections are protected; made once per node and thread by the adapter. */
export interface Transport {
  /** @throws {ConnectionError} address_in_use, address_unavailable */
  listen(address: Address, accept: Accept): Listener;
  /** Never throws: a dial that fails ends in `closed`. */
  dial(address: Address, handler: ConnectionHandler): Attempt;
  /** New connections are protected with these from now on, in mode "ca"; those that stand are not touched. */
  renew?(keys: TlsKeys): void;
}
