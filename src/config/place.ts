/** Nodes, hosts and ports, as an operator writes them. */
import { OUT_OF_RANGE, found, fromString, quoted, texts, type Kind, type Parsed } from "./kind.ts";
import {
  formatHostPort,
  parseHostPort,
  parseNodeName,
  portHint,
  type HostPort,
  type NodeAddress,
} from "./node-name.ts";

/** The two ends of a range of ports, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `name@host` or `name@host:port`. */
export function nodeName(): Kind<NodeAddress> {
  return fromString("name@host or name@host:port", parsedNodeName, (value) =>
    quoted(formatNodeName(value)),
  );
}

function parsedNodeName(value: string): Parsed<NodeAddress> {
  const name = parseNodeName(value);
  return name === undefined ? { ...OUT_OF_RANGE, hint: portHint(value) } : found(name);
}

/** A node's name with its hint, as it is written. */
export function formatNodeName(address: NodeAddress): string {
  return address.port === undefined ? address.name : `${address.name}:${address.port}`;
}

/** A list of nodes to dial: each with a port that can be dialled, or none. */
export function nodeNames(): Kind<readonly NodeAddress[]> {
  const inner = texts("a list of name@host or name@host:port", 1_024);
  return {
    ...inner,
    parse: (value) => {
      const items = inner.parse(value);
      if (!items.ok) return items;
      const names = items.value.map(parseNodeName);
      return names.every((name) => name !== undefined && name.port !== 0)
        ? found(names.filter((name) => name !== undefined))
        : OUT_OF_RANGE;
    },
    show: (value) => quoted(value.map(formatNodeName)),
  };
}

/** A host, with or without a port; with `portNeeded` only with one. */
export function hostPort(portNeeded: boolean): Kind<HostPort> {
  return fromString(
    portNeeded ? 'host:port such as "127.0.0.1:9369"' : "a host or host:port",
    (value) => {
      const place = parseHostPort(value);
      return place === undefined || (portNeeded && place.port === undefined)
        ? OUT_OF_RANGE
        : found(place);
    },
    (value) =>
      quoted(value.port === undefined ? value.host : formatHostPort(value.host, value.port)),
  );
}

/** A host without a port. */
export function host(): Kind<string> {
  return fromString(
    "an IP address or a host name without a port",
    (value) => {
      const place = parseHostPort(
        value.includes(":") && !value.startsWith("[") ? `[${value}]` : value,
      );
      return place === undefined || place.port !== undefined ? OUT_OF_RANGE : found(place.host);
    },
    quoted,
  );
}

/** `first-last`, both included. */
export function portRange(): Kind<PortRange> {
  return fromString(
    'a range of ports such as "4400-4410"',
    (value) => {
      const match = /^([0-9]{1,5})-([0-9]{1,5})$/.exec(value);
      const first = Number(match?.[1]);
      const last = Number(match?.[2]);
      return match !== null && first >= 1 && last <= 65_535 && first <= last
        ? found({ first, last })
        : OUT_OF_RANGE;
    },
    (value) => quoted(`${value.first}-${value.last}`),
  );
}
