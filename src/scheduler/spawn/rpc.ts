import type { Pid } from "../../term/pid.ts";
import type { ProcessBody } from "../../process/host.ts";
import { ProcessExit } from "../../process/exit-reason.ts";
import { type Definitions, lookup } from "../../process/registry.ts";
import { Pending } from "../../process/pending.ts";
import { ProcessContext } from "../../process/context.ts";

/** Under this name every node runs functions for their value. No definition can take it: it is looked up first. */
export const RPC_FUNCTION = "$rpc";

/** What the process that ran the function says before it ends. */
export type RpcAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown; readonly undef?: boolean };

/**
 * Body of the process behind `rpc`: runs the function in its own context and sends what came of it. What it throws goes to
 * the caller and nowhere else: it is the caller's to report. Source: OTP erpc.
 */
async function runForValue(
  ctx: ProcessContext,
  functionName: string,
  args: readonly unknown[],
  replyTo: Pid<unknown>,
  deadlineMs?: number,
): Promise<void> {
  const overtime = deadlineMs === undefined ? undefined : endAfter(ctx, deadlineMs);
  await answer(ctx, functionName, args, replyTo);
  overtime?.succeed(undefined);
}

async function answer(
  ctx: ProcessContext,
  functionName: string,
  args: readonly unknown[],
  replyTo: Pid<unknown>,
): Promise<void> {
  const entry = lookup(functionName, ProcessContext.process(ctx).host.definitions);
  if (entry === undefined) {
    ctx.send(replyTo, { ok: false, error: "undef", undef: true });
    return;
  }
  const run = entry.run as unknown as (ctx: ProcessContext, ...args: unknown[]) => Promise<unknown>;
  let result: RpcAnswer;
  try {
    result = { ok: true, value: await run(ctx, ...args) };
  } catch (error) {
    // The process was told to end, or ended itself: its exit reason says so.
    if (error instanceof ProcessExit) throw error;
    result = { ok: false, error };
  }
  try {
    ctx.send(replyTo, result);
  } catch (error) {
    ctx.send(replyTo, { ok: false, error });
  }
}

/** Milliseconds beyond the caller's time, so that its own timer is first even where two clocks round differently. */
const SLACK_MS = 50;

/** Ends the process when its caller's time is over: nobody waits any more. */
class Overtime extends Pending<void> {
  override expired(): void {
    this.process.terminate({ shutdown: "timeout" });
  }

  protected override forget(): void {}
}

function endAfter(ctx: ProcessContext, deadlineMs: number): Overtime {
  const overtime = new Overtime(ProcessContext.process(ctx));
  overtime.begin(undefined, deadlineMs + SLACK_MS);
  return overtime;
}

/** What is run under a name that a spawn request gives, if anything. */
export function bodyOf(functionName: string, definitions: Definitions): ProcessBody | undefined {
  if (functionName === RPC_FUNCTION) return runForValue as unknown as ProcessBody;
  return lookup(functionName, definitions)?.run as unknown as ProcessBody | undefined;
}
