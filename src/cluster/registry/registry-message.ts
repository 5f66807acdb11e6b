/**
 * What the nodes of one host and the registry among them say to each other, docs/protocol.md "Node registry". One
 * frame each: a 32-bit little-endian length and a body whose first byte is the kind. Bytes behind the last field
 * belong to later versions and are ignored.
 *
 *     REGISTER  01  version u8, name, creation u48, port u16, advertised port u16, listen host
 *     RESOLVE   02  version u8, name
 *     NAMES     03  version u8
 *     REGISTERED 11 · TAKEN 12 port u16 · FOUND 13 port u16 · UNKNOWN 14
 *     NAME      15  name, creation u48, port u16 · END 16 · REFUSED 17 code u8
 */
import { DecodeError } from "../../base/error.ts";
import { FieldReader, FieldWriter } from "../../wire/fields.ts";
import { FRAME_PREFIX_BYTES } from "../../wire/frame.ts";
import { isNodeName } from "../../wire/node-name.ts";

/** Said with every request; an answer is of the version that was asked in. */
export const REGISTRY_VERSION = 1;

/** A node as it registers itself. */
export interface Registration {
  /** `name@host`. */
  readonly name: string;
  readonly creation: number;
  /** Where it listens. */
  readonly port: number;
  /** What other hosts dial, where it differs. */
  readonly advertisedPort: number;
  /** The address it listens on: the registry answers there as well. */
  readonly listenHost: string;
}

/** A node as the registry lists it. */
export interface RegisteredNode {
  readonly name: string;
  readonly creation: number;
  readonly port: number;
}

export type RegistryRequest =
  | { readonly kind: "register"; readonly registration: Registration }
  | { readonly kind: "resolve"; readonly name: string }
  /** Every node of this host; answered to this host only. */
  | { readonly kind: "names" };

export type RegistryAnswer =
  | { readonly kind: "registered" }
  /** Another living node has the name and listens on `port`. */
  | { readonly kind: "taken"; readonly port: number }
  | { readonly kind: "found"; readonly port: number }
  | { readonly kind: "unknown" }
  | { readonly kind: "name"; readonly node: RegisteredNode }
  /** Behind the last name. */
  | { readonly kind: "end" }
  | { readonly kind: "refused"; readonly code: RegistryRefusal };

/** Why a request was not served, by its number on the wire. */
export const REGISTRY_REFUSALS = ["not_local", "full", "version_unsupported"] as const;
export type RegistryRefusal = (typeof REGISTRY_REFUSALS)[number];

const Kind = {
  REGISTER: 0x01,
  RESOLVE: 0x02,
  NAMES: 0x03,
  REGISTERED: 0x11,
  TAKEN: 0x12,
  FOUND: 0x13,
  UNKNOWN: 0x14,
  NAME: 0x15,
  END: 0x16,
  REFUSED: 0x17,
} as const;

/** Bytes of a name or host: as many as a node's name may have. */
const TEXT_BYTES_MAX = 255;

/** A whole frame. */
export function encodeRegistryRequest(request: RegistryRequest): Uint8Array {
  switch (request.kind) {
    case "register": {
      const { name, creation, port, advertisedPort, listenHost } = request.registration;
      return frame(Kind.REGISTER, (to) =>
        to
          .u8(REGISTRY_VERSION)
          .text(name)
          .u48(creation)
          .u16(port)
          .u16(advertisedPort)
          .text(listenHost),
      );
    }
    case "resolve":
      return frame(Kind.RESOLVE, (to) => to.u8(REGISTRY_VERSION).text(request.name));
    case "names":
      return frame(Kind.NAMES, (to) => to.u8(REGISTRY_VERSION));
  }
}

/** A whole frame. */
export function encodeRegistryAnswer(answer: RegistryAnswer): Uint8Array {
  switch (answer.kind) {
    case "registered":
      return frame(Kind.REGISTERED);
    case "taken":
      return frame(Kind.TAKEN, (to) => to.u16(answer.port));
    case "found":
      return frame(Kind.FOUND, (to) => to.u16(answer.port));
    case "unknown":
      return frame(Kind.UNKNOWN);
    case "name": {
      const { name, creation, port } = answer.node;
      return frame(Kind.NAME, (to) => to.text(name).u48(creation).u16(port));
    }
    case "end":
      return frame(Kind.END);
    case "refused":
      return frame(Kind.REFUSED, (to) => to.u8(REGISTRY_REFUSALS.indexOf(answer.code)));
  }
}

/** The body of a frame. "other_version": well formed, but not for us. @throws {DecodeError} */
export function decodeRegistryRequest(
  bytes: Uint8Array,
  start: number,
  end: number,
): RegistryRequest | "other_version" {
  const from = new FieldReader(bytes, start, end);
  const kind = from.u8();
  if (kind < Kind.REGISTER || kind > Kind.NAMES) return from.fail(`unknown request ${kind}`);
  if (from.u8() !== REGISTRY_VERSION) return "other_version";
  if (kind === Kind.NAMES) return { kind: "names" };
  const name = readName(from);
  if (kind === Kind.RESOLVE) return { kind: "resolve", name };
  const creation = from.u48();
  const port = readPort(from);
  const advertisedPort = readPort(from);
  const listenHost = from.text(TEXT_BYTES_MAX);
  return { kind: "register", registration: { name, creation, port, advertisedPort, listenHost } };
}

/** The body of a frame. @throws {DecodeError} */
export function decodeRegistryAnswer(
  bytes: Uint8Array,
  start: number,
  end: number,
): RegistryAnswer {
  const from = new FieldReader(bytes, start, end);
  const kind = from.u8();
  switch (kind) {
    case Kind.REGISTERED:
      return { kind: "registered" };
    case Kind.TAKEN:
      return { kind: "taken", port: readPort(from) };
    case Kind.FOUND:
      return { kind: "found", port: readPort(from) };
    case Kind.UNKNOWN:
      return { kind: "unknown" };
    case Kind.NAME:
      return {
        kind: "name",
        node: { name: readName(from), creation: from.u48(), port: readPort(from) },
      };
    case Kind.END:
      return { kind: "end" };
    case Kind.REFUSED: {
      const number = from.u8();
      const code = REGISTRY_REFUSALS[number];
      return code === undefined
        ? from.fail(`unknown refusal ${number}`)
        : { kind: "refused", code };
    }
    default:
      return from.fail(`unknown answer ${kind}`);
  }
}

/** Takes the one error that hostile bytes can cause; anything else is a defect of ours and goes on. */
export function decodeFailure(error: unknown): DecodeError {
  if (error instanceof DecodeError) return error;
  throw error;
}

function readName(from: FieldReader): string {
  const name = from.text(TEXT_BYTES_MAX);
  return isNodeName(name) ? name : from.fail("not a node's name");
}

function readPort(from: FieldReader): number {
  const port = from.u16();
  return port === 0 ? from.fail("port 0") : port;
}

function frame(kind: number, fields?: (to: FieldWriter) => unknown): Uint8Array {
  const to = new FieldWriter(64).u32(0).u8(kind);
  fields?.(to);
  to.setU32(0, to.length - FRAME_PREFIX_BYTES);
  return to.finish();
}
