import type { ByteWriter } from "../../base/bytes.ts";
import { EncodeError } from "../../base/error.ts";
import { MESSAGE_BYTES_MAX } from "../../base/limits.ts";
import { writeIdentity } from "./encode-identity.ts";
import { EncodeState, REFUSED, TOO_LONG } from "./encode-state.ts";
import { writeNameString } from "./encode-string.ts";
import { writeValue } from "./encode-value.ts";
import { explain } from "./explain.ts";
import type { Pid } from "../pid.ts";
import type { Ref } from "../ref.ts";
import { PID, REF } from "../tags.ts";

/** Where there is no limit; an integer, so that the arithmetic of positions stays with integers. */
const UNLIMITED = 0x3fff_ffff;

/**
 * Writes terms of one stream: shapes, short strings and nodes go once, then by index, so that what was written must be
 * read in the same order by one `TermDecoder`. Source of the idea: OTP's atom cache.
 *
 * Whatever throws or returns false leaves the writer's length and the dictionary as they were before the call. Who puts
 * several terms in one message takes a `checkpoint` first, and can `rollback` to it.
 */
export class TermEncoder {
  readonly #state: EncodeState;
  #busy = false;

  /** @param standalone each term goes alone: the same value gives the same bytes, whatever was written before */
  constructor(writer: ByteWriter, standalone = false) {
    this.#state = new EncodeState(writer, standalone);
  }

  /**
   * Appends a value.
   *
   * @param root what the path in an error begins with
   * @throws {EncodeError} with the path to what cannot be sent, or `too_large`
   */
  write(writer: ByteWriter, value: unknown, bytesMax = MESSAGE_BYTES_MAX, root = "message"): void {
    const state = this.#state;
    const start = this.#begin(writer, bytesMax);
    let done = false;
    try {
      done = state.finish(writeValue(state, start, value));
      this.#end();
    } catch (error) {
      this.#failed(error, value, root);
    }
    if (!done)
      throw new EncodeError("too_large", root, `term is over the limit of ${bytesMax} bytes`);
  }

  /** Appends a value unless it is longer than `bytesMax`: then nothing is written and the result is false. */
  tryWrite(writer: ByteWriter, value: unknown, bytesMax: number, root = "message"): boolean {
    const state = this.#state;
    const start = this.#begin(writer, bytesMax);
    try {
      const done = state.finish(writeValue(state, start, value));
      this.#end();
      return done;
    } catch (error) {
      this.#failed(error, value, root);
      return false;
    }
  }

  /** Appends a pid term. */
  writePid(writer: ByteWriter, pid: Pid): void {
    if (!pid.interned) pid.nodeRef.identities.adopt(pid);
    const position = this.#begin(writer, UNLIMITED);
    this.#state.finish(writeIdentity(this.#state, position, PID, pid.nodeRef, pid.local));
    this.#end();
  }

  /** Appends a ref term. */
  writeRef(writer: ByteWriter, ref: Ref): void {
    if (!ref.interned) ref.nodeRef.identities.adoptRef(ref);
    const position = this.#begin(writer, UNLIMITED);
    this.#state.finish(writeIdentity(this.#state, position, REF, ref.nodeRef, ref.id));
    this.#end();
  }

  /** Appends a name (of a process, a node, a function): it enters the dictionary at once. */
  writeName(writer: ByteWriter, name: string): void {
    const position = this.#begin(writer, UNLIMITED);
    this.#state.finish(writeNameString(this.#state, position, name));
    this.#end();
  }

  /** Remembers writer and dictionary, for `rollback`. One checkpoint at a time. */
  checkpoint(writer: ByteWriter): void {
    this.#state.checkpoint(writer);
  }

  /** Takes back everything since the checkpoint. */
  rollback(writer: ByteWriter): void {
    this.#state.rollback(writer);
  }

  /** Starts a new stream: an empty dictionary, and the version byte before the next term. */
  reset(): void {
    this.#state.reset();
  }

  #begin(writer: ByteWriter, bytesMax: number): number {
    if (this.#busy) {
      throw new EncodeError(
        "not_encodable",
        "message",
        "sent from inside a codec or getter of the same stream",
      );
    }
    this.#busy = true;
    return this.#state.begin(writer, bytesMax);
  }

  /** Takes the term back; returns if it was only too long. */
  #failed(error: unknown, value: unknown, root: string): void {
    this.#end();
    this.#state.abandon();
    if (error === TOO_LONG) return;
    if (error instanceof EncodeError) throw error;
    throw explain(value, root, error === REFUSED ? undefined : error);
  }

  #end(): void {
    this.#busy = false;
  }
}
