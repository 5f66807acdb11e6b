import type { Caller, UntypedTarget, Wait } from "../../process/api.ts";
import { ProcessContext } from "../../process/context.ts";
import type { Pid } from "../../term/pid.ts";
import type { Ref } from "../../term/ref.ts";
import { contextOfCaller } from "../start.ts";
import { MessageTypes, packArgs, settleCall } from "./server-message.ts";

// Symbols, because every string may be the name of a call.
const by = Symbol("by");
const to = Symbol("to");
const wait = Symbol("wait");

/** What all clients of servers are: who asks, whom, and for how long. */
export class ServerClient {
  readonly [by]: Caller;
  readonly [to]: Pid | UntypedTarget;
  readonly [wait]: Wait | undefined;

  constructor(caller: Caller, target: Pid | UntypedTarget, options: Wait | undefined) {
    this[by] = caller;
    this[to] = target;
    this[wait] = options;
  }
}

/** A class of clients with one method per call and cast, made once per server: a client costs one object. */
export function createClientClass(
  calls: readonly string[],
  casts: readonly string[],
): typeof ServerClient {
  const Client = class extends ServerClient {};
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(Client.prototype, name, { value, enumerable: true });
  };
  for (const name of calls) {
    const types = new MessageTypes("call", name);
    define(name, function (this: ServerClient, ...args: unknown[]): Promise<unknown> {
      return callServer(this[by], this[to], types, args, this[wait]);
    });
  }
  for (const name of casts) {
    const types = new MessageTypes("cast", name);
    const { one } = types;
    define(name, function (this: ServerClient, ...args: unknown[]): void {
      // Written out so that no list of arguments is made: it would cost as much as the rest of a cast.
      const message =
        args.length === 1
          ? { type: one, args: args[0] }
          : { type: types.of(args), args: packArgs(args) };
      this[by].send(this[to] as Pid<unknown>, message);
    });
  }
  return Client;
}

/** One call: the promise of the reply. @throws {CallError} */
export function callServer(
  caller: Caller,
  target: Pid | UntypedTarget,
  types: MessageTypes,
  given: readonly unknown[],
  options: Wait | undefined,
): Promise<unknown> {
  const context = caller instanceof ProcessContext ? caller : contextOfCaller(caller);
  const type = types.of(given);
  const args = packArgs(given);
  const message = (replyTo: Pid<unknown>, monitor: Ref | undefined): object =>
    monitor === undefined ? { type, args, replyTo } : { type, args, replyTo, monitor };
  return context.request(target, message, options, settleCall);
}
