import { asBuffer } from "../base/bytes.ts";
import type { RoomForm, RoomMessage } from "../wire/room-entry.ts";
import { binaryFrame, messageHead, type ClientForm } from "./client-frame.ts";

/** How an origin is named to clients: they only compare it. */
export const originText = (origin: number): string => origin.toString(36);

/** What a client says back; NaN: nothing that we ever said. */
export function originOf(text: string): number {
  const origin = /^[0-9a-z]{1,10}$/.test(text) ? Number.parseInt(text, 36) : Number.NaN;
  return origin <= 0xffff_ffff_ffff ? origin : Number.NaN;
}

const FORM_LETTERS: Readonly<Record<RoomForm, ClientForm>> = { text: "t", json: "j", bytes: "b" };

/** One message of a room on its way to sockets: each of its two faces is made once, if anybody wants it. */
export class OutgoingMessage {
  readonly room: string;
  readonly origin: number;
  readonly number: number;
  readonly message: RoomMessage;
  #text: string | undefined;
  #framed: string | Uint8Array | undefined;

  /** `text`: the payload as a string, where that is at hand. */
  constructor(room: string, origin: number, number: number, message: RoomMessage, text?: string) {
    this.room = room;
    this.origin = origin;
    this.number = number;
    this.message = message;
    this.#text = text;
  }

  /** For sockets that speak any protocol of their own. */
  get raw(): string | Uint8Array {
    const { form, payload } = this.message;
    if (form === "bytes") return payload;
    return (this.#text ??= asBuffer(payload).utf8Slice(0, payload.length));
  }

  /** For clients of rooms. */
  get framed(): string | Uint8Array {
    return (this.#framed ??= this.#frame());
  }

  /** This, made good for longer than the bytes that it was read from. */
  kept(): this {
    this.#framed ??= this.#frame();
    return this;
  }

  #frame(): string | Uint8Array {
    const { form, payload } = this.message;
    const head = messageHead(originText(this.origin), this.number, FORM_LETTERS[form], this.room);
    return form === "bytes" ? binaryFrame(head, payload) : head + (this.raw as string);
  }
}
