import { isOn } from "../arguments.ts";
import { jsonLine } from "../show.ts";
import { JSON_OPTION, TALK_OPTIONS, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** The end of a node. */
export const stop: Verb = {
  name: "stop",
  summary: "Stop a node in order, as SIGTERM does.",
  operands: [],
  options: [JSON_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node stop --node a@127.0.0.1:4369"],
  run: (args, world) =>
    talk(args, world, undefined, async ({ connection, timeoutMs }) => {
      const answer = await connection.query(connection.node, "stop", {}, timeoutMs);
      world.terminal.write(
        isOn(args, "--json") ? jsonLine(answer) : `${answer.name} is stopping\n`,
      );
      return 0;
    }),
};
