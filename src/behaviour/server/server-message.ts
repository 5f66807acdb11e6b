import { nearest } from "../../base/edit-distance.ts";
import { CallError, MisuseError } from "../../base/error.ts";
import type { Pending } from "../../process/pending.ts";
import { hostOf } from "../../process/hosts.ts";
import type { Call } from "../../process/request.ts";
import { struct } from "../../term/struct.ts";
import type { Pid } from "../../term/pid.ts";
import type { Ref } from "../../term/ref.ts";
import type { Failure, From, Stop } from "./server-api.ts";

/**
 * What goes between a client and its server, as plain objects that travel like any message:
 *
 *     call    { type: "$call:name/1", args, replyTo }            from the same scheduler
 *             { type: "$call:name/1", args, replyTo, monitor }   from elsewhere; the ref of the caller's monitor
 *     cast    { type: "$cast:name/1", args }
 *     answer  { ok: value }  or  { fail: code, detail }          to replyTo
 *     stop    { type: "$stop", reason }
 *
 * One string says what it is, so that a server finds its handler with one look-up, and mailboxes read well. Behind the slash
 * stands what `args` is: 0: undefined, 1: the argument itself, n: the list of them. Most have one, and a list costs as much as
 * the rest of the message.
 */
export interface CallRequest {
  readonly type: string;
  readonly args: unknown;
  readonly replyTo: Pid<unknown>;
  readonly monitor?: Ref;
}

export interface CastRequest {
  readonly type: string;
  readonly args: unknown;
}

/** How the arguments stand in a message. */
export type Arity = "0" | "1" | "n";

/** `fail` undefined: the call succeeded. */
export interface CallAnswer {
  readonly ok?: unknown;
  readonly fail?: string;
  readonly detail?: unknown;
}

/** The types of the messages to one handler, one for each way the arguments can stand. */
export class MessageTypes {
  readonly none: string;
  readonly one: string;
  readonly many: string;

  constructor(kind: "call" | "cast", name: string) {
    this.none = `$${kind}:${name}/0`;
    this.one = `$${kind}:${name}/1`;
    this.many = `$${kind}:${name}/n`;
  }

  of(args: readonly unknown[]): string {
    return args.length === 1 ? this.one : args.length === 0 ? this.none : this.many;
  }
}

/** Characters of the names of a server's calls in an answer: of a server with very many the caller sees the first. */
const NAMES_CHARS_MAX = 240;

/**
 * What a caller hears whose call the server does not have: what was asked, the nearest that there is, and all there are.
 *
 * @param type of the request, as the peer sent it
 * @param known the types of all handlers
 */
export function unknownCallText(type: string, known: Iterable<string>): string {
  const [kind, name] = kindAndName(type);
  const names: string[] = [];
  for (const one of known) {
    const [kindOfOne, nameOfOne] = kindAndName(one);
    // Each handler is there once for each arity.
    if (kindOfOne === kind && one.endsWith("/1")) names.push(nameOfOne);
  }
  const near = nearest(name, names);
  const list = names.join(", ");
  const shown = list.length > NAMES_CHARS_MAX ? `${list.slice(0, NAMES_CHARS_MAX)}…` : list;
  const has = names.length === 0 ? `has no ${kind}s` : `has ${shown}`;
  const asked = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return `no ${kind} ${asked}${near === undefined ? "" : `, nearest is ${near}`}; the server ${has}`;
}

function kindAndName(type: string): [kind: string, name: string] {
  const [, kind = "call", name = type] = /^\$(call|cast):(.*)\/[01n]$/s.exec(type) ?? [];
  return [kind, name];
}

/** Arguments as they stand in a message: what fits to the type that `MessageTypes.of` gives. */
export const packArgs = (args: readonly unknown[]): unknown => (args.length > 1 ? args : args[0]);

/** Asks a server to end as if a handler had returned `stop(reason)`. */
export const STOP_TYPE = "$stop";

/** Values that a handler returns instead of a reply. */
export abstract class Verdict {}

/** What `stop` makes. */
export class StopVerdict extends Verdict {
  readonly reason: unknown;
  readonly hasReply: boolean;
  readonly reply: unknown;

  constructor(reason: unknown, hasReply: boolean, reply: unknown) {
    super();
    this.reason = reason;
    this.hasReply = hasReply;
    this.reply = reply;
  }
}

/** What `fail` makes. */
export class FailVerdict extends Verdict {
  readonly code: string;
  readonly detail: unknown;

  constructor(code: string, detail: unknown) {
    super();
    this.code = code;
    this.detail = detail;
  }
}

/** What `ctx.from()` makes: where the answer of one call goes. Can be sent, so that another process answers. */
export class FromVerdict extends Verdict {
  readonly replyTo: Pid<unknown>;

  constructor(replyTo: Pid<unknown>) {
    super();
    this.replyTo = replyTo;
  }
}

struct("$from", FromVerdict, {
  encode: ({ replyTo }) => replyTo,
  decode: (replyTo) => new FromVerdict(replyTo),
});

/** Ends the server with this reason once the handler has returned it; its `terminate` runs first. */
export function stop(reason: unknown): Stop;
/** With a reply: the caller gets it after `terminate`, before the server is gone. */
export function stop<R>(reason: unknown, reply: R): Stop<R>;
export function stop(reason: unknown, ...reply: [unknown?]): Stop<never> {
  return new StopVerdict(reason, reply.length > 0, reply[0]) as unknown as Stop<never>;
}

/** Rejects the caller with `CallError` `failed`, whose reason is `{ code, detail }`; the server lives on. A throw ends it. */
export function fail(code: string, detail?: unknown): Failure {
  return new FailVerdict(code, detail) as unknown as Failure;
}

/**
 * Answers a call whose handler returned `ctx.from()`: from any handler, process or time. Only the first answer counts, and none
 * once the caller has given up.
 * @throws {EncodeError} the value cannot be sent
 */
export function reply<R>(from: From<R>, value: NoInfer<R>): void {
  if (!((from as unknown) instanceof FromVerdict)) {
    throw new MisuseError("bad_argument", "reply wants what ctx.from() returned");
  }
  const { replyTo } = from as unknown as FromVerdict;
  const host = hostOf(replyTo);
  const answer: CallAnswer = { ok: value };
  const message = host?.copy === undefined ? answer : host.copy(answer);
  host?.dispatch({ kind: "message", from: undefined, to: replyTo, message });
}

/** Settles a client's promise with what the server answered. */
export function settleCall(answer: unknown, call: Pending<unknown>): void {
  const { ok, fail: code, detail } = answer as CallAnswer;
  if (code === undefined) call.succeed(ok);
  else call.fail(new CallError("failed", (call as Call).targetText, { code, detail }));
}
