import { parseTerm } from "../arguments.ts";
import { TALK_OPTIONS, nodeOf, parseDestination, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** A message to anybody. */
export const send: Verb = {
  name: "send",
  summary: "Send a message to a process; nobody says whether it was taken.",
  about: "The message is JSON if it parses, else a string.",
  operands: ["pid|name@host/name", "message"],
  options: TALK_OPTIONS,
  examples: [`snow-node send b@127.0.0.1:4370/acme '{"type":"add","by":5}'`],
  run(args, world) {
    const to = parseDestination(args.operands[0] as string);
    const message = parseTerm(args.operands[1] as string);
    return talk(args, world, nodeOf(to), async ({ connection }) => {
      await connection.send(to, message);
      return 0;
    });
  },
};
