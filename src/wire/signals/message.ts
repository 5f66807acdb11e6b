/**
 * Signals on a lane: a kind byte and the fields of that kind, many in one DATA frame. Each group of kinds has a file:
 * `message-send`, `message-link`, `message-monitor`, `message-spawn`, `message-room`. The kinds below 0x10 belong to the lane itself
 * (`session/lane.ts`): pid slots, the short form of a message, fragments.
 */
import { DecodeError } from "../../base/error.ts";
import { unreachable } from "../../base/assert.ts";
import {
  decodeExit,
  decodeLink,
  decodeUnlink,
  encodeExit,
  encodeLink,
  encodeUnlink,
} from "./message-link.ts";
import {
  decodeDemonitor,
  decodeDown,
  decodeMonitor,
  decodeMonitorNamed,
  encodeDemonitor,
  encodeDown,
  encodeMonitor,
  encodeMonitorNamed,
} from "./message-monitor.ts";
import {
  decodeMessage,
  decodeMessageNamed,
  decodeMulticast,
  encodeMessage,
  encodeMessageNamed,
  encodeMulticast,
} from "./message-send.ts";
import {
  decodeSpawnReply,
  decodeSpawnRequest,
  encodeSpawnReply,
  encodeSpawnRequest,
} from "./message-spawn.ts";
import { decodeRoom, encodeRoom } from "./message-room.ts";
import { readUint8, type SignalIn, type SignalOut } from "./signal-field.ts";
import type { Undecodable, WireSignal, WireSignalKind } from "./wire-signal.ts";

/** The first byte of an entry in a DATA frame of a lane. */
export const SignalKind = {
  /** Slot u8, pid: from now on this slot of the senders' table means this pid. */
  FROM_SLOT: 0x01,
  /** The same for the receivers' table. */
  TO_SLOT: 0x02,
  /** From slot u8, to slot u8, term. */
  MESSAGE_SLOTS: 0x03,
  /** Term: the same sender and receiver as the MESSAGE_SLOTS before. */
  MESSAGE_AGAIN: 0x04,
  /** Series u32, bytes of the whole signal u32, length of this piece u32, bytes. */
  FRAGMENT_FIRST: 0x05,
  /** Series u32, length of this piece u32, bytes. */
  FRAGMENT_NEXT: 0x06,
  message: 0x10,
  message_named: 0x11,
  multicast: 0x12,
  exit: 0x20,
  link: 0x21,
  unlink: 0x22,
  unlink_ack: 0x23,
  link_exit: 0x24,
  monitor: 0x30,
  monitor_named: 0x31,
  demonitor: 0x32,
  down: 0x33,
  spawn_request: 0x40,
  spawn_reply: 0x41,
  room: 0x50,
  room_control: 0x51,
} as const satisfies { readonly [K in WireSignalKind]: number } & Record<string, number>;

/** Whether a kind obeys a lane's hard limit; system signals pass it. */
export function obeysHardLimit(kind: WireSignalKind): boolean {
  switch (kind) {
    case "message":
    case "message_named":
    case "multicast":
    case "spawn_request":
    case "room":
      return true;
    default:
      return false;
  }
}

/**
 * Appends a signal. False: its message or arguments are longer than `out.termBytesMax`. After false or a throw the
 * dictionary is as before and the caller sets `writer.length` back.
 * @throws {EncodeError} the message or arguments cannot be sent; never for another kind
 */
export function encodeSignal(out: SignalOut, signal: WireSignal): boolean {
  out.writer.uint8(SignalKind[signal.kind]);
  switch (signal.kind) {
    case "message":
      return encodeMessage(out, signal);
    case "message_named":
      return encodeMessageNamed(out, signal);
    case "multicast":
      return encodeMulticast(out, signal);
    case "spawn_request":
      return encodeSpawnRequest(out, signal);
    case "room":
    case "room_control":
      return encodeRoom(out, signal);
    default:
      encodeSystemSignal(out, signal);
      return true;
  }
}

/** Reads one signal, kind byte first. @throws {DecodeError} frame_unknown and whatever its fields do wrong */
export function decodeSignal(input: SignalIn): WireSignal | Undecodable {
  return decodeSignalOf(readUint8(input.reader), input);
}

/** Reads a signal whose kind byte has been read. @throws {DecodeError} */
export function decodeSignalOf(kind: number, input: SignalIn): WireSignal | Undecodable {
  switch (kind) {
    case SignalKind.message:
      return decodeMessage(input);
    case SignalKind.message_named:
      return decodeMessageNamed(input);
    case SignalKind.multicast:
      return decodeMulticast(input);
    case SignalKind.exit:
      return decodeExit(input, "exit");
    case SignalKind.link_exit:
      return decodeExit(input, "link_exit");
    case SignalKind.link:
      return decodeLink(input);
    case SignalKind.unlink:
      return decodeUnlink(input, "unlink");
    case SignalKind.unlink_ack:
      return decodeUnlink(input, "unlink_ack");
    case SignalKind.monitor:
      return decodeMonitor(input);
    case SignalKind.monitor_named:
      return decodeMonitorNamed(input);
    case SignalKind.demonitor:
      return decodeDemonitor(input);
    case SignalKind.down:
      return decodeDown(input);
    case SignalKind.spawn_request:
      return decodeSpawnRequest(input);
    case SignalKind.spawn_reply:
      return decodeSpawnReply(input);
    case SignalKind.room:
      return decodeRoom(input, "room");
    case SignalKind.room_control:
      return decodeRoom(input, "room_control");
    default:
      throw new DecodeError("frame_unknown", `unknown signal kind ${kind}`, input.reader.position);
  }
}

function encodeSystemSignal(
  out: SignalOut,
  signal: Exclude<
    WireSignal,
    { kind: "message" | "message_named" | "multicast" | "spawn_request" | "room" | "room_control" }
  >,
): void {
  switch (signal.kind) {
    case "exit":
    case "link_exit":
      return encodeExit(out, signal);
    case "link":
      return encodeLink(out, signal);
    case "unlink":
    case "unlink_ack":
      return encodeUnlink(out, signal);
    case "monitor":
      return encodeMonitor(out, signal);
    case "monitor_named":
      return encodeMonitorNamed(out, signal);
    case "demonitor":
      return encodeDemonitor(out, signal);
    case "down":
      return encodeDown(out, signal);
    case "spawn_reply":
      return encodeSpawnReply(out, signal);
    default:
      return unreachable(signal);
  }
}
