import { NameError } from "../base/error.ts";
import type { NamesAnswer } from "../cluster/names/names-io.ts";
import { Pending } from "../process/pending.ts";
import type { Process } from "../process/process.ts";
import { Pid } from "../term/pid.ts";
import type { NameProblem } from "../wire/names-message.ts";
import type { NamesScheduler } from "./names-scheduler.ts";

const TEXTS: { readonly [problem in NameProblem]: string } = {
  name_taken: "another process holds it",
  already_named: "the process holds another global name or claims one",
  timeout: "not every connected node has answered in time",
  noproc: "the process has ended",
  noconnection: "the node of the process is not connected, or was lost meanwhile",
  full: "this node has no room for another",
};

/**
 * A request about global names that a process waits for: succeeds with `{ fence }`, with whether there was a holder, or with
 * the list of names. The control thread keeps its time.
 */
export class NameRequest extends Pending<unknown> {
  /** The name, if it is to be held when this succeeds. */
  readonly registers: string | undefined;
  readonly id: number;
  readonly #service: NamesScheduler;
  readonly #name: string;

  constructor(
    process: Process,
    service: NamesScheduler,
    { name, registers }: { readonly name: string; readonly registers: boolean },
  ) {
    super(process);
    this.#service = service;
    this.#name = name;
    this.registers = registers ? name : undefined;
    this.id = service.open(this);
  }

  answered(answer: NamesAnswer): void {
    if (answer.ok) {
      const { fence } = answer;
      return this.succeed(this.registers === undefined ? fence !== 0 : { fence });
    }
    const { holder, problem } = answer;
    const pid =
      holder === undefined
        ? undefined
        : Pid.fromRemote(holder.node, holder.creation, holder.local, this.process.host.identities);
    this.fail(new NameError(problem, this.#name, TEXTS[problem], pid));
  }

  override expired(): void {}

  protected override forget(): void {
    this.#service.abandon(this.id);
  }
}
