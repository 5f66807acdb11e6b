import { isOn } from "../arguments.ts";
import { jsonLine } from "../show.ts";
import { JSON_OPTION, TALK_OPTIONS, parseNode, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** Two nodes together. */
export const connect: Verb = {
  name: "connect",
  summary: "Make a node connect to another one.",
  operands: ["name@host"],
  options: [JSON_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node connect b@127.0.0.1:4370 --node a@127.0.0.1:4369"],
  run(args, world) {
    const text = args.operands[0] as string;
    parseNode("the node", text);
    return talk(args, world, undefined, async ({ connection, timeoutMs }) => {
      const answer = await connection.query(connection.node, "connect", { node: text }, timeoutMs);
      world.terminal.write(
        isOn(args, "--json")
          ? jsonLine(answer)
          : `${connection.node} is connected to ${answer.name}\n`,
      );
      return 0;
    });
  },
};
