import { parseTerm } from "../arguments.ts";
import { TALK_OPTIONS, nodeOfPid, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** An exit signal. */
export const exit: Verb = {
  name: "exit",
  summary: "Send an exit signal to a process; the reason kill ends it whatever it does.",
  about:
    "The reason is JSON if it parses, else a string: normal, shutdown, kill, or one of your own.",
  operands: ["pid", "reason"],
  options: TALK_OPTIONS,
  examples: ["snow-node exit a@127.0.0.1#k2j9x/1.42 shutdown"],
  run(args, world) {
    const [pid, reason] = args.operands as [string, string];
    return talk(args, world, nodeOfPid(pid), async ({ connection }) => {
      await connection.sendExit(pid, parseTerm(reason));
      return 0;
    });
  },
};
