/** What is published, as a room message. */
import { EncodeError, MessageTooLarge } from "../base/error.ts";
import { ROOM_MESSAGE_BYTES_MAX } from "../base/limits.ts";
import type { RoomMessage } from "../wire/room-entry.ts";
import type { ClientForm } from "./client-frame.ts";

const encoder = new TextEncoder();

/** A message with its payload as a string, where it is one. */
export interface Publishing {
  readonly message: RoomMessage;
  readonly text: string | undefined;
}

/**
 * Text and bytes as they are, all else as JSON.
 * @throws {EncodeError} not_encodable @throws {MessageTooLarge}
 */
export function messageOf(event: unknown, except: readonly string[]): Publishing {
  if (event instanceof Uint8Array) {
    checkLength(event.length);
    return { message: { form: "bytes", payload: new Uint8Array(event), except }, text: undefined };
  }
  if (typeof event === "string") return textMessage("text", event, except);
  let json: string | undefined;
  try {
    json = JSON.stringify(event);
  } catch (error) {
    throw new EncodeError("not_encodable", "event", (error as Error).message, { cause: error });
  }
  if (json === undefined) {
    throw new EncodeError("not_encodable", "event", `${typeof event} cannot be written as JSON`);
  }
  return textMessage("json", json, except);
}

/** What a client published, checked before; `payload` is not its frame's memory. */
export function messageOfClient(
  form: ClientForm,
  payload: string | Uint8Array,
  except: readonly string[],
): Publishing {
  if (typeof payload !== "string") {
    return { message: { form: "bytes", payload, except }, text: undefined };
  }
  return textMessage(form === "j" ? "json" : "text", payload, except);
}

function textMessage(form: "text" | "json", text: string, except: readonly string[]): Publishing {
  const payload = encoder.encode(text);
  checkLength(payload.length);
  return { message: { form, payload, except }, text };
}

function checkLength(bytes: number): void {
  if (bytes > ROOM_MESSAGE_BYTES_MAX) throw new MessageTooLarge(bytes, ROOM_MESSAGE_BYTES_MAX);
}
