import { isOn, parseTerm, usage, valueOf, type Arguments } from "../arguments.ts";
import { jsonLine } from "../show.ts";
import { JSON_OPTION, TALK_OPTIONS, parseNode, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** A process from a function's name. */
export const spawn: Verb = {
  name: "spawn",
  summary: "Spawn a process at a node and print its pid.",
  about:
    "An argument is JSON if it parses, else a string. A process that crashes later, even at once, has a pid all the same: the\n" +
    "crash is in the log of its node.",
  operands: ["name@host", "function", "[argument]…"],
  options: [
    { name: "--register", value: "NAME", doc: "Register the process under this name." },
    {
      name: "--scheduler",
      value: "NUMBER|spread",
      doc: "Where on the node. Default: the node chooses.",
    },
    JSON_OPTION,
    ...TALK_OPTIONS,
  ],
  examples: [
    "snow-node spawn b@127.0.0.1:4370 counter 0",
    `snow-node spawn b@127.0.0.1:4370 greeter '{"language":"en"}'`,
  ],
  run(args, world) {
    const [place, name, ...rest] = args.operands;
    const node = parseNode("the place", place as string);
    const request = {
      node,
      scheduler: schedulerOf(args),
      function: name as string,
      args: rest.map(parseTerm),
      name: valueOf(args, "--register"),
    };
    return talk(args, world, node, async ({ connection, timeoutMs }) => {
      const pid = await connection.spawn(request, timeoutMs);
      world.terminal.write(isOn(args, "--json") ? jsonLine({ pid }) : `${pid}\n`);
      return 0;
    });
  },
};

function schedulerOf(args: Arguments): number | "spread" | undefined {
  const text = valueOf(args, "--scheduler");
  if (text === undefined || text === "spread") return text;
  if (!/^[1-9][0-9]?$/.test(text))
    throw usage(`--scheduler: expected a number from 1 or spread, got ${JSON.stringify(text)}`);
  return Number(text);
}
