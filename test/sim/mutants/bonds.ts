import { mutant, type Mutant } from "./mutant.ts";

const BONDS = "src/process/bonds.ts";

/** Links and monitors. */
export const bonds: readonly Mutant[] = [
  mutant(
    "an unlink is not acknowledged",
    BONDS,
    `process.host.dispatch({ kind: "unlink_ack", from: process.pid, to: from, id });`,
    "",
  ),
  mutant(
    "a link made before the other side heard of an unlink undoes it",
    BONDS,
    "if (bonds.links.has(from)) return;",
    "if (bonds.links.get(from) === 0) return;",
  ),
  mutant(
    "any acknowledgement ends an unlink",
    BONDS,
    "if (id === 0 || links?.get(from) !== id) return;",
    "if (links === undefined || !links.has(from)) return;",
  ),
  mutant(
    "an exit comes although the link is being ended",
    BONDS,
    "if (state !== 0) return;\n  process.exitSignal(from, reason, true);",
    "process.exitSignal(from, reason, true);",
  ),
  mutant(
    "links and monitors name the wrong process",
    "src/wire/signals/message-link.ts",
    "encoder.writePid(writer, signal.from);\n  encoder.writePid(writer, signal.to);",
    "encoder.writePid(writer, signal.to);\n  encoder.writePid(writer, signal.from);",
  ),
  mutant(
    "a leaked monitor: its end is not told",
    BONDS,
    `else host.dispatch({ kind: "demonitor", from: pid, to: entry.to, ref: entry.ref });`,
    "",
  ),
  mutant(
    "a watcher is never forgotten",
    BONDS,
    "watchers.delete(ref);\n  process.host.bondRemoved(process, watcher.from);\n}",
    "}",
  ),
  mutant(
    "a DOWN sent twice",
    BONDS,
    "else process.deliver(new Down(ref, entry.target, toldReason(process.host.copy, reason)));",
    "else for (let time = 0; time < 2; time++) process.deliver(new Down(ref, entry.target, reason));",
  ),
  mutant(
    "monitors of a lost node are not told",
    BONDS,
    "monitorsLost(process, bonds, monitors, reason);",
    "",
  ),
  mutant(
    "links to a lost node stay",
    BONDS,
    "for (const peer of peers) handleLinkExit(process, peer, reason);",
    "",
  ),
  mutant(
    "a monitor of the dead is not answered",
    "src/scheduler/signals.ts",
    `case "monitor":
      host.dispatch({
        kind: "down",
        from: to,`,
    `case "monitor":
      if (to.nodeRef === signal.from.nodeRef) host.dispatch({
        kind: "down",
        from: to,`,
  ),
  mutant(
    "bonds made in answer to a loss are lost with it",
    BONDS,
    "const peers = (bonds.links?.keys() ?? []).filter(lost);",
    "const peers = bonds.links?.keys() ?? [];",
  ),
];
