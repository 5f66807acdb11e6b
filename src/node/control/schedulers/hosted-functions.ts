/** What nodes tell each other of the functions they host. */
import type { LogSink } from "../../../port/log.ts";
import type { ControlMessage } from "../../../wire/control-message.ts";
import type { HostedFunction } from "../../thread-message.ts";

type Functions = Extract<ControlMessage, { kind: "functions" }>;

/** The message to a peer. */
export function functionsMessage(hosted: readonly HostedFunction[]): Functions {
  const functions = hosted.map(({ name, version }) => ({ name, version: String(version) }));
  return { kind: "functions", functions };
}

/** What a peer's message says. */
export function functionsOf({ functions }: Functions): readonly HostedFunction[] {
  return functions.map(({ name, version }) => ({
    name,
    version: Number(version),
    kind: "function" as const,
  }));
}

/**
 * Warns of every function that both host in different versions: a difference is never an error. Once for each of ours, however
 * often the peer names it.
 */
export function compareVersions(
  node: string,
  theirs: readonly HostedFunction[],
  ours: readonly HostedFunction[],
  log: LogSink,
): void {
  const versions = new Map(theirs.map(({ name, version }) => [name, version]));
  for (const { name, version: own } of ours) {
    const version = versions.get(name);
    if (version === undefined || own === version) continue;
    const text = `${node} hosts version ${version} of "${name}", this node version ${own}`;
    log.write("warn", text, { node, function: name, theirs: version, ours: own });
  }
}
