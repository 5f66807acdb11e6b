import { ROOM_ORIGINS_MAX } from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import type { ToServer } from "../client-frame.ts";
import { originOf } from "../outgoing-message.ts";

/** Ids of earlier sockets that a client may name. */
const WAS_MAX = 16;

/** What a client has had on its connections before. */
export interface Resumption {
  readonly was: readonly string[];
  readonly rooms: Map<
    string,
    { readonly cursor: ReadonlyMap<number, number>; readonly ageMs: Millis }
  >;
}

/** A request of a client with its fields checked; undefined: it breaks the protocol. */
export type ClientRequest =
  | { readonly type: "hello"; readonly resumption: Resumption }
  | Exclude<ToServer, { type: "hello" }>;

/** Reads the text of a JSON frame. Whatever a client sends, this does not throw. */
export function parseRequest(text: string): ClientRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { type, room } = value as { readonly type?: unknown; readonly room?: unknown };
  if (type === "hello") return parseHello(value as Record<string, unknown>);
  if (type === "ping") return { type };
  if (typeof room !== "string") return undefined;
  const { presence, watch } = value as { readonly presence?: unknown; readonly watch?: unknown };
  if (type === "join") return { type, room, presence, watch: watch === true };
  if (type === "leave") return { type, room };
  if (type === "presence") return { type, room, presence };
  return undefined;
}

function parseHello(hello: Record<string, unknown>): ClientRequest | undefined {
  const { was, rooms } = hello;
  if (!Array.isArray(was) || typeof rooms !== "object" || rooms === null) return undefined;
  const found: Resumption["rooms"] = new Map();
  let origins = 0;
  for (const [room, given] of Object.entries(rooms)) {
    const { cursor, ageMs } = (given ?? {}) as { cursor?: unknown; ageMs?: unknown };
    if (typeof cursor !== "object" || cursor === null) return undefined;
    if (typeof ageMs !== "number" || !(ageMs >= 0 && ageMs <= 0xffff_ffff)) return undefined;
    const numbers = new Map<number, number>();
    for (const [text, number] of Object.entries(cursor)) {
      const origin = originOf(text);
      if (Number.isNaN(origin) || !isCount(number) || ++origins > ROOM_ORIGINS_MAX)
        return undefined;
      numbers.set(origin, number);
    }
    found.set(room, { cursor: numbers, ageMs });
  }
  const ids = was.filter((id): id is string => typeof id === "string" && id.length <= 32);
  return { type: "hello", resumption: { was: ids.slice(-WAS_MAX), rooms: found } };
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 48;
