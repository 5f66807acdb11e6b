import type { Millis } from "../../../base/millis.ts";
import type { Clock } from "../../../port/clock.ts";
import { parseNodeName } from "../../../config/node-name.ts";
import type { ToControl } from "../../thread-message.ts";

/** What a scheduler asks the control thread on behalf of a process. */
export type SchedulerRequest = Extract<ToControl, { kind: "request" }>;

/** What answers are made of. */
export interface RequestDesk {
  readonly node: string;
  readonly clock: Clock;
  connect(node: string, waiter: (ok: boolean, reason: string) => void): void;
  disconnect(node: string): boolean;
  /** @throws {ConnectionError} */
  query(node: string, verb: string, args: unknown, timeoutMs: Millis): Promise<unknown>;
  stopRequested(): void;
}

/** Carries out a request; `answer` is called once, now or later. */
export function answerRequest(
  { verb, node, timeoutMs }: SchedulerRequest,
  desk: RequestDesk,
  answer: (ok: boolean, value: unknown) => void,
): void {
  switch (verb) {
    case "connect":
      return desk.connect(node, (ok, reason) => answer(ok, ok ? node : reason));
    case "disconnect":
      return answer(true, desk.disconnect(node));
    case "ping": {
      const name = parseNodeName(node)?.name ?? node;
      const since = desk.clock.now();
      if (name === desk.node) return answer(true, 0);
      void desk.query(name, "ping", {}, timeoutMs).then(
        () => answer(true, desk.clock.now() - since),
        (error: Error) => answer(false, error.message),
      );
      return;
    }
    case "stop":
      answer(true, true);
      return desk.stopRequested();
  }
}
