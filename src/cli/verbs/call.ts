import { isOn, parseTerm, usage } from "../arguments.ts";
import { jsonLine, showTerm } from "../show.ts";
import { JSON_OPTION, TALK_OPTIONS, nodeOf, parseDestination, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** A question to a server or to any process that answers. */
export const call: Verb = {
  name: "call",
  summary: "Call a server, or send a request to a process, and print the answer.",
  about:
    "With the name of a call, a server's handler is called with the arguments that follow. With an object, that object is\n" +
    "sent with replyTo filled in, and the answer is what comes back. An argument is JSON if it parses, else a string.",
  operands: ["pid|name@host/name", "call|request", "[argument]…"],
  options: [JSON_OPTION, ...TALK_OPTIONS],
  examples: [
    "snow-node call b@127.0.0.1:4370/acme withdraw 50",
    `snow-node call b@127.0.0.1:4370/counter '{"type":"read"}'`,
  ],
  run(args, world) {
    const [target, what, ...rest] = args.operands as [string, string, ...string[]];
    const to = parseDestination(target);
    const request = parseTerm(what);
    const isRequest = typeof request === "object" && request !== null && !Array.isArray(request);
    if (isRequest && rest.length > 0)
      throw usage(`unexpected argument ${JSON.stringify(rest[0])} behind a request`);
    return talk(args, world, nodeOf(to), async ({ connection, timeoutMs }) => {
      const answer = isRequest
        ? await connection.call(to, request as Readonly<Record<string, unknown>>, timeoutMs)
        : await connection.callServer(to, what, rest.map(parseTerm), timeoutMs);
      world.terminal.write(isOn(args, "--json") ? jsonLine(answer) : `${showTerm(answer)}\n`);
      return 0;
    });
  },
};
