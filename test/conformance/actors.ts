import { define, Exit, type Context, type Down, type Pid } from "snow-node";
import type { Any, Tester } from "./scenario.ts";

/** Says who it is, then does what it is told, one order a message. */
export type Order =
  | { type: "send"; to: Pid<Any>; message: unknown }
  | { type: "echo"; message: unknown; replyTo: Pid<Any> }
  | { type: "link"; pid: Pid }
  | { type: "unlink"; pid: Pid }
  | { type: "monitor"; pid: Pid }
  | { type: "trap" }
  | { type: "exit"; reason: unknown }
  | { type: "sendExit"; to: Pid; reason: unknown }
  | { type: "throw"; text: string }
  | { type: "register"; name: string }
  | { type: "forward"; to: Pid<Any> }
  | { type: "inspect"; replyTo: Pid<Any> };

/** A process that obeys. Reports exits and downs that it receives to whoever `forward` named. */
export const puppet = define("conformance.puppet", async (context: Context<Any>) => {
  const ctx = context as Tester;
  let forward: Pid<Any> | undefined;
  for await (const message of ctx.messages()) {
    if (message instanceof Exit) {
      const { from, reason } = message;
      if (forward !== undefined)
        ctx.send(forward, { type: "got_exit", by: ctx.self, from, reason });
      continue;
    }
    const order = message as Order | Down;
    switch (order.type) {
      case "send":
        ctx.send(order.to, order.message);
        break;
      case "echo":
        ctx.send(order.replyTo, { type: "echoed", message: order.message, from: ctx.self });
        break;
      case "link":
        ctx.link(order.pid);
        break;
      case "unlink":
        ctx.unlink(order.pid);
        break;
      case "monitor":
        ctx.monitor(order.pid);
        break;
      case "trap":
        ctx.trapExit(true);
        break;
      case "exit":
        ctx.exit(order.reason);
        break;
      case "sendExit":
        ctx.sendExit(order.to, order.reason);
        break;
      case "throw":
        throw new Error(order.text);
      case "register":
        ctx.register(order.name);
        break;
      case "forward":
        forward = order.to;
        break;
      default:
        break;
    }
  }
});

/** Ends at once with a reason. */
export const quitter = define("conformance.quitter", async (ctx: Context<Any>, reason: unknown) => {
  ctx.exit(reason);
});

/** Throws at once. */
export const thrower = define("conformance.thrower", async (_ctx: Context<Any>, text: string) => {
  throw new Error(text);
});

/** Sends one message, then ends normally. */
export const greeter = define(
  "conformance.greeter",
  async (ctx: Context<Any>, to: Pid<Any>, count: number) => {
    for (let index = 0; index < count; index++) ctx.send(to, { type: "hello", index });
  },
);

/** Adds up, for `rpc`. */
export const sum = define(
  "conformance.sum",
  async (_ctx: Context<Any>, ...numbers: number[]): Promise<number> =>
    numbers.reduce((total, number) => total + number, 0),
);

/** Says what it was started with, then waits. */
export const starter = define(
  "conformance.starter",
  async (ctx: Context<Any>, args: unknown, to: Pid<Any>) => {
    ctx.send(to, { type: "started", args });
    await ctx.receive("never");
  },
);

/** Waits for anything, for ever. */
export const sleeper = define("conformance.sleeper", async (ctx: Context<Any>) => {
  await ctx.receive("never");
});

/** Resolves when everything sent to the process before has been obeyed. */
export const obeyed = async (ctx: Tester, pid: Pid<Any>): Promise<void> => {
  await ctx.call(pid, { type: "echo", message: 0 } as Any);
};

/** Ends the puppet and waits for its end. */
export const dismiss = async (ctx: Tester, ...pids: Pid<Any>[]): Promise<void> => {
  for (const pid of pids) {
    const ref = ctx.monitor(pid);
    ctx.unlink(pid);
    ctx.sendExit(pid, "kill");
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await ctx.receive((message: Any) => message.type === "down" && message.ref === ref);
  }
};

/** What a promise rejects with. */
export const failure = (promise: Promise<unknown>): Promise<Any> =>
  promise.then(
    (value) => {
      throw new Error(`expected a rejection, got ${String(value)}`);
    },
    (error: unknown) => error,
  );
