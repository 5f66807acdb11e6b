/** The command line: one verb, one file. Here a verb is found, its arguments are taken apart, and errors become exit codes. */
import { nearest } from "../base/edit-distance.ts";
import {
  CallError,
  ConfigError,
  ConnectionError,
  DecodeError,
  EncodeError,
  LaneFullError,
  MessageTooLarge,
  ProtocolError,
  SpawnError,
  StartError,
} from "../base/error.ts";
import { parseArguments, usage, type Arguments } from "./arguments.ts";
import { call } from "./verbs/call.ts";
import { cert } from "./verbs/cert.ts";
import { check } from "./verbs/check.ts";
import { connect } from "./verbs/connect.ts";
import { cookie } from "./verbs/cookie.ts";
import { disconnect } from "./verbs/disconnect.ts";
import { exit } from "./verbs/exit.ts";
import { functions } from "./verbs/functions.ts";
import { deadLetters } from "./verbs/dead-letters.ts";
import { groups } from "./verbs/groups.ts";
import { inspect } from "./verbs/inspect.ts";
import { names } from "./verbs/names.ts";
import { nodes } from "./verbs/nodes.ts";
import { ps } from "./verbs/ps.ts";
import { run } from "./verbs/run.ts";
import { sim } from "./verbs/sim.ts";
import { send } from "./verbs/send.ts";
import { showTerm } from "./show.ts";
import { spawn } from "./verbs/spawn.ts";
import { status } from "./verbs/status.ts";
import { stop } from "./verbs/stop.ts";
import { term } from "./verbs/term.ts";
import { test } from "./verbs/test.ts";
import { tree } from "./verbs/tree.ts";
import { types } from "./verbs/types.ts";
import { verbHelp, type Verb } from "./verb.ts";
import type { World } from "./world.ts";

/** All verbs, in the order of the help. */
export const VERBS: readonly Verb[] = [
  run,
  ...[status, nodes, ps, inspect, tree, names, groups, functions, deadLetters],
  ...[spawn, send, call, exit],
  ...[connect, disconnect, stop],
  ...[types, check, test, sim, term, cookie, cert],
];

/** Done. */
export const EXIT_DONE = 0;
/** The cluster said no: nobody of that name, no such function, the callee failed. */
export const EXIT_REFUSED = 1;
/** The command line or the configuration is wrong. */
export const EXIT_USAGE = 2;
/** No connection, or one that did not prove itself. */
export const EXIT_UNCONNECTED = 3;

/**
 * Runs the command line and resolves with the exit code. Errors of the families that a user can cause are one line on
 * standard error; any other is a defect and comes through.
 */
export async function main(argv: readonly string[], world: World): Promise<number> {
  try {
    return await dispatch(argv, world);
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === undefined) throw error;
    world.terminal.writeError(`snow-node: ${errorText(error as Error)}\n`);
    return code;
  }
}

async function dispatch(argv: readonly string[], world: World): Promise<number> {
  const first = argv[0];
  if (first === "help" || first === "--help" || first === "-h") {
    const about = argv[1] === undefined ? undefined : findVerb(argv[1]);
    world.terminal.write(about === undefined ? overview() : verbHelp(about));
    return EXIT_DONE;
  }
  if (first === "--version" || first === "-v" || first === "version") {
    world.terminal.write(`${world.version}\n`);
    return EXIT_DONE;
  }
  const named = first !== undefined && !first.startsWith("-");
  const verb = named ? findVerb(first) : run;
  const rest = named ? argv.slice(1) : argv;
  if (asksForHelp(rest)) {
    world.terminal.write(verbHelp(verb));
    return EXIT_DONE;
  }
  const args: Arguments =
    verb.raw === true ? { operands: rest, options: new Map() } : parse(rest, verb);
  return verb.run(args, world);
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).some((word) => word === "--help" || word === "-h");
}

function parse(argv: readonly string[], verb: Verb): Arguments {
  try {
    return parseArguments(argv, verb);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.code, `${error.message} (snow-node ${verb.name} --help)`);
  }
}

function findVerb(name: string): Verb {
  const verb = VERBS.find((known) => known.name === name);
  if (verb !== undefined) return verb;
  const meant = nearest(
    name,
    VERBS.map((known) => known.name),
  );
  throw usage(
    `unknown verb ${name}${meant === undefined ? "" : `, nearest is ${meant}`} (snow-node --help)`,
  );
}

/** The exit code that an error stands for; undefined for one that no user caused. */
function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof ConfigError) return EXIT_USAGE;
  // It was reached, and said why not.
  if (error instanceof ConnectionError && error.code === "refused_by_peer") return EXIT_REFUSED;
  if (error instanceof ConnectionError || error instanceof ProtocolError) return EXIT_UNCONNECTED;
  if (error instanceof CallError || error instanceof SpawnError) {
    return error.code === "noconnection" ? EXIT_UNCONNECTED : EXIT_REFUSED;
  }
  const families = [StartError, EncodeError, DecodeError, LaneFullError, MessageTooLarge];
  return families.some((family) => error instanceof family) ? EXIT_REFUSED : undefined;
}

function errorText(error: Error): string {
  const more = error instanceof CallError ? unsaidReason(error) : undefined;
  const text = more === undefined ? error.message : `${error.message}: ${showTerm(more)}`;
  return text.replaceAll(/\s*\n\s*/g, " ");
}

/** What the message of the error does not say of its reason; undefined: nothing. */
function unsaidReason({ code, reason }: CallError): unknown {
  // The reason of a callee that is gone is the code itself, and said once.
  if (reason === code) return undefined;
  if (code !== "failed") return reason;
  const { detail } = (reason ?? {}) as { readonly detail?: unknown };
  return typeof detail === "string" ? undefined : detail;
}

function overview(): string {
  const width = Math.max(...VERBS.map((verb) => verb.name.length));
  return [
    "snow-node turns a machine into a node of an actor cluster.",
    "",
    "Usage: snow-node [run] --name a@host:4369 [--module app.ts …] [--connect b@host:4370 …] [--start function …]",
    "       snow-node VERB …",
    "",
    ...VERBS.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`),
    "",
    "snow-node VERB --help shows more of each, snow-node --version the version.",
    "Exit codes: 0 done, 1 the cluster said no, 2 bad usage or configuration, 3 could not connect or authenticate.",
    "",
    "Example:",
    "  snow-node --name a@127.0.0.1:4369 --module ./app.ts --connect b@127.0.0.1:4370 --start main",
    "",
  ].join("\n");
}
