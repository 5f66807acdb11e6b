import { NODE_NAME_CHARS_MAX } from "../base/limits.ts";

/** Where a node listens when neither its name nor the registry says otherwise. */
export const DEFAULT_PORT = 4369;

/** A node as an operator writes it: who it is, and perhaps where to dial it. */
export interface NodeAddress {
  /** The identity, `name@host`: what pids, lists, rules, events and the wire carry. */
  readonly name: string;
  /** The part behind the `@`, without the brackets of an IPv6 address: what is dialled. */
  readonly host: string;
  /** The hint behind the host; undefined when none was written. 0: any port, only for the node's own name. */
  readonly port: number | undefined;
}

/** A host and a port as an operator writes them; `port` is undefined when none was written. */
export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

const NAME_PART = /^[0-9A-Za-z_-]+$/;
const HOST_LABEL = /^[0-9A-Za-z_](?:[0-9A-Za-z_-]*[0-9A-Za-z_])?$/;
const HOST_V6 = /^\[[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]$/;
/** `:65535`. */
const PORT_CHARS_MAX = 6;
const PORT = /^(?:0|[1-9][0-9]{0,4})$/;

/**
 * Parses `name@host` or `name@host:port`; undefined when it is neither. Name and host are what OTP's `is_name_ok` lets
 * through (letters, digits, `_` and `-`; in the host also dots), a host may be `[…]` around an IPv6 address.
 * The identity has at most 255 characters.
 */
export function parseNodeName(text: string): NodeAddress | undefined {
  const at = text.indexOf("@");
  if (at <= 0 || !NAME_PART.test(text.slice(0, at))) return undefined;
  const place = parseHostPort(text.slice(at + 1));
  if (place === undefined) return undefined;
  const bracketed = place.host.includes(":") ? `[${place.host}]` : place.host;
  const name = `${text.slice(0, at)}@${bracketed}`;
  return name.length > NODE_NAME_CHARS_MAX ? undefined : { name, ...place };
}

/** Completes "expected name@host:port, got …" where only the port is wrong; empty where it is more, or nothing. */
export function portHint(text: string): string {
  const [, place, digits] = /^(.*):([0-9]+)$/.exec(text) ?? [];
  if (place === undefined || Number(digits) <= 65_535) return "";
  return parseNodeName(place)?.port === undefined && parseNodeName(place) !== undefined
    ? ", whose port is over 65,535"
    : "";
}

/** Is this an identity, `name@host` without a port? What a HELLO may carry. */
export function isNodeIdentity(text: string): boolean {
  return text.length <= NODE_NAME_CHARS_MAX && parseNodeName(text)?.name === text;
}

/** Parses `host`, `host:port`, `[v6]` or `[v6]:port`; undefined when it is none of them. */
export function parseHostPort(text: string): HostPort | undefined {
  if (text.length > NODE_NAME_CHARS_MAX + PORT_CHARS_MAX) return undefined;
  const colon = text.startsWith("[") ? text.indexOf("]:") + 1 : text.indexOf(":");
  const host = colon > 0 ? text.slice(0, colon) : text;
  let port: number | undefined;
  if (colon > 0) {
    const digits = text.slice(colon + 1);
    if (!PORT.test(digits) || Number(digits) > 65_535) return undefined;
    port = Number(digits);
  }
  if (HOST_V6.test(host)) return { host: host.slice(1, -1), port };
  return host.split(".").every((label) => HOST_LABEL.test(label)) ? { host, port } : undefined;
}

/** `host:port` as text, with brackets where the host is an IPv6 address. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Is this host this machine and no other can reach it? */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}
