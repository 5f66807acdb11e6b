import { unlink } from "../../process/bonds.ts";
import { ProcessContext } from "../../process/context.ts";
import { ProcessExit } from "../../process/exit-reason.ts";
import { LIFE_RUNNING } from "../../process/life.ts";
import type { Process } from "../../process/process.ts";
import { sendPid } from "../../process/request.ts";
import { type LoopEnd, ServerLoop, type ServerTable } from "./server-loop.ts";
import { StopVerdict } from "./server-message.ts";
import { type StartReport, takeStarter } from "../start.ts";

/**
 * The life of one server process: init, the loop, terminate, the end. What a server's definition is registered with.
 * Source: OTP gen_server.
 */
export async function runServer(
  table: ServerTable,
  base: ProcessContext,
  given: readonly unknown[],
): Promise<void> {
  const process = ProcessContext.process(base);
  const { starter, args } = takeStarter(given);
  const loop = new ServerLoop(table, process);
  const { ctx } = loop;
  const report = (result: StartReport): void => {
    if (starter !== undefined) sendPid(process, starter, result);
  };
  // The starter hears of it by its promise, so that its link must not tell it too. Source: OTP proc_lib, init_fail.
  const failed = (reason: unknown): void => {
    report({ failed: reason });
    if (starter !== undefined && process.parent !== undefined) unlink(process, process.parent);
  };
  let state: unknown;
  try {
    state = await table.init(ctx, ...args);
  } catch (error) {
    failed(error instanceof ProcessExit ? error.reason : error);
    throw error;
  }
  if (state instanceof StopVerdict) {
    failed(state.reason);
    return ctx.exit(state.reason);
  }
  ctx.state = state;
  report({});
  let end: LoopEnd | undefined;
  let thrown: unknown;
  try {
    end = (await ctx.loop(loop)) as LoopEnd;
  } catch (error) {
    // An exit signal that is not trapped has ended the process: nothing of its code runs any more.
    if (process.life !== LIFE_RUNNING) throw error;
    thrown = error;
  }
  await finish(table, loop, process, end, thrown);
}

/** `terminate`, the last reply, the end. */
async function finish(
  table: ServerTable,
  loop: ServerLoop,
  process: Process,
  end: LoopEnd | undefined,
  thrown: unknown,
): Promise<void> {
  const reason = end?.verdict.reason ?? (thrown instanceof ProcessExit ? thrown.reason : thrown);
  await table.terminate?.(loop.ctx, reason);
  if (process.life !== LIFE_RUNNING) return;
  if (end?.replyTo !== undefined && end.verdict.hasReply) {
    loop.answer(end.replyTo, { ok: end.verdict.reply });
  }
  if (end === undefined && !(thrown instanceof ProcessExit)) throw thrown;
  process.exit(reason);
}
