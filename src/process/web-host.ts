/** What a scheduler offers to the behaviour that serves a site: a server on its thread. */
import type { SlowPolicy, Socket, WebLimits } from "./room-api.ts";

export interface SitePlan {
  readonly host: string;
  readonly port: number;
  readonly isShared: boolean;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  readonly slow: SlowPolicy;
  readonly limits: WebLimits;
  /** Pages of other origins that may open sockets. */
  readonly origins: "*" | readonly string[];
}

/** May the client: at once, or later. */
export type Verdict = boolean | Promise<boolean>;

/** The author's half of a site, on one scheduler. Whatever it throws is logged by whoever calls it. */
export interface SiteHandler {
  /** Everything that is no WebSocket. */
  request(request: Request): Response | Promise<Response>;
  /** False: sockets are not served here. */
  readonly takesSockets: boolean;
  /** What the socket carries as its data; `false` and a `Response` refuse it. */
  connect(request: Request): unknown;
  opened(socket: Socket): void;
  message(socket: Socket, data: string | Uint8Array): void;
  closed(socket: Socket, code: number, reason: string): void;
  mayJoin(socket: Socket, room: string): Verdict;
  mayPublish(socket: Socket, room: string, data: unknown): Verdict;
}

/** A site that listens. */
export interface OpenSite {
  readonly port: number;
  readonly sockets: number;
  /** Closes everything. */
  stop(): void;
}

export interface WebService {
  /** Schedulers of this node. */
  readonly schedulers: number;
  /** This one, from 1. */
  readonly index: number;
  /** @throws {ConnectionError} address_in_use, address_unavailable */
  open(plan: SitePlan, handler: SiteHandler): OpenSite;
  /** The browser's client of rooms, as a module. */
  clientSource(): Promise<string>;
}
