/**
 * What the control threads of two nodes say to each other about global names: records one behind the other in the body of
 * a service message, so that a thousand claims of one moment are one write. Fences are 53 bits in eight bytes.
 */
import { unreachable } from "../base/assert.ts";
import { NAME_CHARS_MAX, NODE_NAME_CHARS_MAX } from "../base/limits.ts";
import { FieldReader, FieldWriter } from "./fields.ts";
import { type ConflictRule, readRule, writeRule } from "./name-entry.ts";

/** Why a name was not registered. */
export const NAME_PROBLEMS = [
  "name_taken",
  "already_named",
  "timeout",
  "noproc",
  "noconnection",
  "full",
] as const;
export type NameProblem = (typeof NAME_PROBLEMS)[number];

/** What was asked for in the name of somebody on another node. */
export const NAME_VERBS = ["register", "reregister", "unregister"] as const;
export type NameVerb = (typeof NAME_VERBS)[number];

/** What is to become of the receiver's holder. */
export const NAME_VERDICTS = ["kept", "lost", "exit", "neither"] as const;
export type NameVerdict = (typeof NAME_VERDICTS)[number];

export type NamesMessage =
  /** May this process of mine hold the name? `replace`: whoever holds it will be replaced. */
  | {
      readonly kind: "claim";
      readonly claim: number;
      readonly name: string;
      readonly local: number;
      readonly fence: number;
      readonly replace: boolean;
    }
  /** `seen`: the highest fence here; `holds`: the holder here that is to be replaced. */
  | {
      readonly kind: "yes";
      readonly claim: number;
      readonly seen: number;
      readonly holds: { readonly local: number; readonly claimed: number } | undefined;
    }
  /** A process here holds it. */
  | {
      readonly kind: "no";
      readonly claim: number;
      readonly local: number;
      readonly fence: number;
    }
  | { readonly kind: "withdraw"; readonly claim: number }
  /** Answer when everything before this is in your view. */
  | { readonly kind: "confirm"; readonly mark: number }
  | { readonly kind: "confirmed"; readonly mark: number }
  /** Your holder has been replaced, as everybody knows by now. */
  | {
      readonly kind: "yield";
      readonly name: string;
      readonly local: number;
      readonly claimed: number;
    }
  /** Two holders met: what is to become of yours, if it is still this one. `fence`: of the one that stays. */
  | {
      readonly kind: "settle";
      readonly conflict: number;
      readonly name: string;
      readonly local: number;
      readonly held: number;
      readonly other: number;
      readonly verdict: NameVerdict;
      readonly fence: number;
    }
  /** Whether it was still that one. */
  | { readonly kind: "settled"; readonly conflict: number; readonly ok: boolean }
  /** On behalf of somebody here, about a process there. `fence` 0: whatever the holder's is. */
  | {
      readonly kind: "request";
      readonly request: number;
      readonly verb: NameVerb;
      readonly name: string;
      readonly creation: number;
      readonly local: number;
      readonly fence: number;
      readonly several: boolean;
      readonly timeoutMs: number;
      readonly rule: ConflictRule;
    }
  | { readonly kind: "cancel"; readonly request: number }
  | {
      readonly kind: "reply";
      readonly request: number;
      readonly problem: NameProblem | undefined;
      /** Of the new holder; with `unregister` 0: there was none. */
      readonly fence: number;
      /** With `name_taken`: the holder, where it is known. */
      readonly holder: HolderPid | undefined;
    };

/** A pid in plain parts. */
export interface HolderPid {
  readonly node: string;
  readonly creation: number;
  readonly local: number;
}

const Kind = {
  claim: 0x01,
  yes: 0x02,
  no: 0x03,
  withdraw: 0x04,
  confirm: 0x05,
  confirmed: 0x06,
  yield: 0x07,
  settle: 0x08,
  settled: 0x09,
  request: 0x0a,
  cancel: 0x0b,
  reply: 0x0c,
} as const satisfies { readonly [K in NamesMessage["kind"]]: number };

const NAME_BYTES_MAX = NAME_CHARS_MAX * 4;
const NODE_BYTES_MAX = NODE_NAME_CHARS_MAX * 4;

/**
 * Records one behind the other.
 *
 * | kind | fields |
 * | --- | --- |
 * | 0x01 claim | claim u48, name 2 + n, local u48, fence u53, replace u8 |
 * | 0x02 yes | claim u48, seen u53, holds u8, then if 1: local u48, claimed u53 |
 * | 0x03 no | claim u48, local u48, fence u53 |
 * | 0x04 withdraw | claim u48 |
 * | 0x05 confirm, 0x06 confirmed | mark u48 |
 * | 0x07 yield | name 2 + n, local u48, claimed u53 |
 * | 0x08 settle | conflict u48, name 2 + n, local u48, held u53, other u48, verdict u8, fence u53 |
 * | 0x09 settled | conflict u48, ok u8 |
 * | 0x0a request | request u48, verb u8, name 2 + n, creation u48, local u48, fence u53, several u8, time-out u48, rule |
 * | 0x0b cancel | request u48 |
 * | 0x0c reply | request u48, problem u8 (0 none), fence u53, holder u8, then if 1: node 2 + n, creation u48, local u48 |
 *
 * A rule is a u8: 0 exit_loser, 1 keep_first, 2 tell_both, 255 and a function's name 2 + n.
 */
export function encodeNames(messages: readonly NamesMessage[]): Uint8Array {
  const writer = new FieldWriter();
  for (const message of messages) writeMessage(writer.u8(Kind[message.kind]), message);
  return writer.finish();
}

/** @throws {DecodeError} frame_truncated, frame_bad_value */
export function decodeNames(body: Uint8Array): NamesMessage[] {
  const reader = new FieldReader(body);
  const messages: NamesMessage[] = [];
  while (reader.remaining > 0) messages.push(readMessage(reader));
  return messages;
}

function writeMessage(writer: FieldWriter, message: NamesMessage): void {
  switch (message.kind) {
    case "claim":
      writer.u48(message.claim).text(message.name).u48(message.local).u53(message.fence);
      writer.u8(message.replace ? 1 : 0);
      return;
    case "yes": {
      const { holds } = message;
      writer.u48(message.claim).u53(message.seen);
      writer.u8(holds === undefined ? 0 : 1);
      if (holds !== undefined) writer.u48(holds.local).u53(holds.claimed);
      return;
    }
    case "no":
      writer.u48(message.claim).u48(message.local).u53(message.fence);
      return;
    case "withdraw":
      writer.u48(message.claim);
      return;
    case "confirm":
    case "confirmed":
      writer.u48(message.mark);
      return;
    case "yield":
      writer.text(message.name).u48(message.local).u53(message.claimed);
      return;
    case "settle":
      writer.u48(message.conflict).text(message.name).u48(message.local).u53(message.held);
      writer.u48(message.other).u8(NAME_VERDICTS.indexOf(message.verdict));
      writer.u53(message.fence);
      return;
    case "settled":
      writer.u48(message.conflict).u8(message.ok ? 1 : 0);
      return;
    case "request":
      writer.u48(message.request).u8(NAME_VERBS.indexOf(message.verb)).text(message.name);
      writer.u48(message.creation).u48(message.local).u53(message.fence);
      writer.u8(message.several ? 1 : 0).u48(Math.floor(message.timeoutMs));
      return writeRule(writer, message.rule);
    case "cancel":
      writer.u48(message.request);
      return;
    case "reply":
      return writeReply(writer, message);
    default:
      unreachable(message);
  }
}

function writeReply(writer: FieldWriter, message: Extract<NamesMessage, { kind: "reply" }>): void {
  const { holder, problem } = message;
  writer.u48(message.request).u8(problem === undefined ? 0 : NAME_PROBLEMS.indexOf(problem) + 1);
  writer.u53(message.fence);
  writer.u8(holder === undefined ? 0 : 1);
  if (holder !== undefined) writer.text(holder.node).u48(holder.creation).u48(holder.local);
}

function readMessage(reader: FieldReader): NamesMessage {
  const kind = reader.u8();
  switch (kind) {
    case Kind.claim: {
      const claim = reader.u48();
      const name = readName(reader);
      const local = reader.u48();
      return { kind: "claim", claim, name, local, fence: reader.u53(), replace: reader.flag() };
    }
    case Kind.yes: {
      const claim = reader.u48();
      const seen = reader.u53();
      const holds = reader.flag() ? { local: reader.u48(), claimed: reader.u53() } : undefined;
      return { kind: "yes", claim, seen, holds };
    }
    case Kind.no:
      return { kind: "no", claim: reader.u48(), local: reader.u48(), fence: reader.u53() };
    case Kind.withdraw:
      return { kind: "withdraw", claim: reader.u48() };
    case Kind.confirm:
      return { kind: "confirm", mark: reader.u48() };
    case Kind.confirmed:
      return { kind: "confirmed", mark: reader.u48() };
    case Kind.yield:
      return {
        kind: "yield",
        name: readName(reader),
        local: reader.u48(),
        claimed: reader.u53(),
      };
    case Kind.settle:
      return readSettle(reader);
    case Kind.settled:
      return { kind: "settled", conflict: reader.u48(), ok: reader.flag() };
    case Kind.request:
      return readRequest(reader);
    case Kind.cancel:
      return { kind: "cancel", request: reader.u48() };
    case Kind.reply:
      return readReply(reader);
    default:
      return reader.fail(`unknown kind ${kind} of message about names`);
  }
}

function readSettle(reader: FieldReader): NamesMessage {
  const conflict = reader.u48();
  const name = readName(reader);
  const local = reader.u48();
  const held = reader.u53();
  const other = reader.u48();
  const verdict = readWord(reader, NAME_VERDICTS);
  return { kind: "settle", conflict, name, local, held, other, verdict, fence: reader.u53() };
}

function readRequest(reader: FieldReader): NamesMessage {
  const request = reader.u48();
  const verb = readWord(reader, NAME_VERBS);
  const name = readName(reader);
  const creation = reader.u48();
  const local = reader.u48();
  const fence = reader.u53();
  const several = reader.flag();
  const timeoutMs = reader.u48();
  const rule = readRule(reader);
  return {
    kind: "request",
    request,
    verb,
    name,
    creation,
    local,
    fence,
    several,
    timeoutMs,
    rule,
  };
}

function readReply(reader: FieldReader): NamesMessage {
  const request = reader.u48();
  const code = reader.u8();
  const problem = code === 0 ? undefined : NAME_PROBLEMS[code - 1];
  if (code !== 0 && problem === undefined) reader.fail(`unknown problem ${code}`);
  const fence = reader.u53();
  const holder = reader.flag()
    ? { node: reader.text(NODE_BYTES_MAX), creation: reader.u48(), local: reader.u48() }
    : undefined;
  return { kind: "reply", request, problem, fence, holder };
}

function readName(reader: FieldReader): string {
  const name = reader.text(NAME_BYTES_MAX);
  if (name.length === 0 || name.length > NAME_CHARS_MAX) {
    reader.fail(`a name of ${name.length} characters, expected 1 to ${NAME_CHARS_MAX}`);
  }
  return name;
}

function readWord<T>(reader: FieldReader, words: readonly T[]): T {
  const number = reader.u8();
  return words[number] ?? reader.fail(`${number} is over the last known, ${words.length - 1}`);
}
