/**
 * What a server and a client of rooms say to each other over a WebSocket with the subprotocol `snow-rooms.1`; the bytes are
 * in docs/protocol.md. Used on both sides, in nodes and in browsers, so it imports nothing.
 *
 *     text frame     `{…}` JSON: everything but messages
 *                    `m<origin> <number> <form> <room>\n<payload>`: to the client, a message of a room; form `t` text or `j` JSON
 *                    `p<id> <echo> <form> <room>\n<payload>`: from the client, a message for a room; echo `1`: to itself too
 *                    `s<form>\n<payload>`: both ways, a message between the application and this one client
 *     binary frame   u16 length of the head, head as above with form `b`, payload
 */

/** The subprotocol of a socket that speaks this. */
export const ROOMS_PROTOCOL = "snow-rooms.1";

/** `t` text, `j` JSON, `b` bytes. */
export type ClientForm = "t" | "j" | "b";

/** Origin → number of the last message that the client has. */
export type ClientCursor = { readonly [origin: string]: number };

/** What a client had of a room on its last connection. */
export interface Resumed {
  readonly cursor: ClientCursor;
  /** Milliseconds since it joined, there or before. */
  readonly ageMs: number;
}

export type ToServer =
  /** First on every connection. `was`: the ids of its sockets before; `rooms`: where it wants to go on. */
  | {
      readonly type: "hello";
      readonly was: readonly string[];
      readonly rooms: { readonly [room: string]: Resumed };
    }
  | {
      readonly type: "join";
      readonly room: string;
      /** What others are shown; left out: it is a member without. */
      readonly presence?: unknown;
      /** It wants to be told of the others. */
      readonly watch?: boolean;
    }
  | { readonly type: "leave"; readonly room: string }
  | { readonly type: "presence"; readonly room: string; readonly presence: unknown }
  | { readonly type: "ping" };

/** One member of a room as its watchers are told of it. */
export interface MemberInfo {
  readonly socket: string;
  readonly presence?: unknown;
}

export type ToClient =
  /** The answer to `hello`. */
  | { readonly type: "welcome"; readonly socket: string }
  /** It is in the room, and has everything up to `cursor`. */
  | { readonly type: "joined"; readonly room: string; readonly cursor: ClientCursor }
  | { readonly type: "left"; readonly room: string }
  /** Not done: `reason` is `not_allowed`, `too_many_rooms`, `rate`, `too_large` or `bad_request`. */
  | {
      readonly type: "refused";
      readonly request: string;
      readonly room: string;
      readonly id?: number;
      readonly reason: string;
    }
  /** The publish with this id has been taken. */
  | { readonly type: "published"; readonly id: number }
  /** Messages of this origin behind `after` are lost, or may be; the client goes on behind `upTo` if that is known. */
  | {
      readonly type: "gap";
      readonly room: string;
      readonly origin: string;
      readonly after: number;
      readonly upTo: number | null;
      /** `window`: no longer kept; `origin_lost`: its node is gone; `slow`: this client did not keep up. */
      readonly cause: "window" | "origin_lost" | "slow";
    }
  /** There is one more origin. */
  | { readonly type: "cursor"; readonly room: string; readonly cursor: ClientCursor }
  /** With `all`: everybody who is there, and `left` is empty. */
  | {
      readonly type: "presence";
      readonly room: string;
      readonly all: boolean;
      readonly joined: readonly MemberInfo[];
      readonly left: readonly string[];
    }
  /** This node stops: go to another one within so many milliseconds. */
  | { readonly type: "move"; readonly withinMs: number }
  | { readonly type: "pong" };

/** A message as a client gets it. */
export interface ClientMessage {
  /** `undefined`: from the application to this client alone. */
  readonly room: string | undefined;
  readonly origin: string;
  readonly number: number;
  readonly form: ClientForm;
  readonly payload: string | Uint8Array;
}

/** The head of a message of a room, with its line end. */
export const messageHead = (
  origin: string,
  number: number,
  form: ClientForm,
  room: string,
): string => `m${origin} ${number} ${form} ${room}\n`;

/** The head of a message to one client. */
export const directHead = (form: ClientForm): string => `s${form}\n`;

/** The head of a message that a client publishes. */
export const publishHead = (id: number, echo: boolean, form: ClientForm, room: string): string =>
  `p${id} ${echo ? 1 : 0} ${form} ${room}\n`;

/** What a client sends for others, or for the application (`room` undefined). */
export interface ClientPublish {
  readonly room: string | undefined;
  readonly id: number;
  readonly echo: boolean;
  readonly form: ClientForm;
  readonly payload: string | Uint8Array;
}

const PUBLISH = /^p(\d{1,15}) ([01]) ([tjb]) ([^\n]+)$/;
const DIRECT = /^s([tjb])$/;

/** Reads what a client sends that is no JSON frame; undefined: nothing of ours. */
export function readPublish(frame: string | Uint8Array): ClientPublish | undefined {
  let head: string;
  let payload: string | Uint8Array;
  if (typeof frame === "string") {
    const end = frame.indexOf("\n");
    if (end < 0) return undefined;
    head = frame.slice(0, end);
    payload = frame.slice(end + 1);
  } else {
    const parts = readBinaryFrame(frame);
    if (parts === undefined || !parts.head.endsWith("\n")) return undefined;
    head = parts.head.slice(0, -1);
    payload = parts.payload;
  }
  const direct = DIRECT.exec(head);
  const published = direct === null ? PUBLISH.exec(head) : null;
  const form = (direct?.[1] ?? published?.[3]) as ClientForm | undefined;
  // Bytes come in binary frames, all else in text frames.
  if (form === undefined || (form === "b") !== (typeof payload !== "string")) return undefined;
  if (published === null) return { room: undefined, id: 0, echo: false, form, payload };
  const [, id, echo, , room] = published;
  return { room: room!, id: Number(id), echo: echo === "1", form, payload };
}

/** A binary frame. */
export function binaryFrame(head: string, payload: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(head);
  const frame = new Uint8Array(2 + text.length + payload.length);
  frame[0] = text.length & 0xff;
  frame[1] = text.length >> 8;
  frame.set(text, 2);
  frame.set(payload, 2 + text.length);
  return frame;
}

/** The head of a binary frame and its payload, a view; undefined: not one of ours. */
export function readBinaryFrame(
  frame: Uint8Array,
): { readonly head: string; readonly payload: Uint8Array } | undefined {
  const length = frame.length < 2 ? -1 : frame[0]! | (frame[1]! << 8);
  if (length < 1 || 2 + length > frame.length) return undefined;
  const head = new TextDecoder().decode(frame.subarray(2, 2 + length));
  return { head, payload: frame.subarray(2 + length) };
}

/** A message that a client got; undefined: a text frame of JSON, or nothing of ours. */
export function readMessage(frame: string | Uint8Array): ClientMessage | undefined {
  if (typeof frame !== "string") {
    const parts = readBinaryFrame(frame);
    return parts && headOf(parts.head.slice(0, -1), parts.payload);
  }
  const end = frame.indexOf("\n");
  if (end < 0 || frame[0] === "{") return undefined;
  return headOf(frame.slice(0, end), frame.slice(end + 1));
}

function headOf(head: string, payload: string | Uint8Array): ClientMessage | undefined {
  if (head[0] === "s") {
    return { room: undefined, origin: "", number: 0, form: head[1] as ClientForm, payload };
  }
  if (head[0] !== "m") return undefined;
  const first = head.indexOf(" ");
  const second = head.indexOf(" ", first + 1);
  return {
    origin: head.slice(1, first),
    number: Number(head.slice(first + 1, second)),
    form: head[second + 1] as ClientForm,
    room: head.slice(second + 3),
    payload,
  };
}
