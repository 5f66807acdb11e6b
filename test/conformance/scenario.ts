import type { Context, Down, Exit, NodeDown, NodeUp, Pid, Place } from "snow-node";

/** What a scenario's own process takes: anything a test sends, and every system message. */
// oxlint-disable-next-line typescript/no-explicit-any -- messages of many scenarios
export type Any = any;
export type Tester = Context<Any> & TesterOnly;
type TesterOnly = Pick<Context<Down | Exit | NodeUp | NodeDown>, "trapExit" | "monitorNodes"> & {
  monitor: Context<Down>["monitor"];
  spawnMonitor: Context<Down>["spawnMonitor"];
};

/** Where the other processes of a scenario live: beside the tester, on another scheduler, on another node. */
export interface Placement {
  readonly far: Place;
  /** The node that `far` is on. */
  readonly farNode: string;
  /** Resolves when no signal is on its way. */
  settled(): Promise<void>;
  /** Text forms of the pids that a process is linked to, where the placement can look. */
  linksOf?(pid: Pid): string[] | Promise<string[]>;
}

/**
 * One promise of Erlang's semantics, written once and run in every placement. `name` starts with the ids of the rows of
 * the semantics catalogue that it covers.
 */
export interface Scenario {
  readonly name: string;
  run(ctx: Tester, placement: Placement): Promise<void>;
}
