import { isOn } from "../arguments.ts";
import { jsonLine } from "../show.ts";
import { JSON_OPTION, TALK_OPTIONS, parseNode, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** Two nodes apart. */
export const disconnect: Verb = {
  name: "disconnect",
  summary: "Make a node end its session with another one; exit code 1 when there was none.",
  operands: ["name@host"],
  options: [JSON_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node disconnect b@127.0.0.1:4370 --node a@127.0.0.1:4369"],
  run(args, world) {
    const { name } = parseNode("the node", args.operands[0] as string);
    return talk(args, world, undefined, async ({ connection, timeoutMs }) => {
      const answer = await connection.query(
        connection.node,
        "disconnect",
        { node: name },
        timeoutMs,
      );
      const text = answer.connected ? "is disconnected from" : "was not connected to";
      world.terminal.write(
        isOn(args, "--json") ? jsonLine(answer) : `${connection.node} ${text} ${name}\n`,
      );
      return answer.connected ? 0 : 1;
    });
  },
};
