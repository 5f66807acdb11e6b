import { mutant, type Mutant } from "./mutant.ts";

const CLAIMS = "src/cluster/names/name-claims.ts";
const RIVALS = "src/cluster/names/name-rivals.ts";

/** Global names. */
export const names: readonly Mutant[] = [
  mutant(
    "a name is checked for, then broadcast",
    RIVALS,
    "if (claimed !== undefined && isEarlier({ node: desk.node, claimed }, rival)) return false;",
    "",
  ),
  mutant(
    "a name is cleaned up by name only",
    "src/cluster/names/name-holders.ts",
    "(holder) => holder.node !== peer.node || (entry === undefined && holder.local !== local),",
    "(holder) => holder.node !== peer.node,",
  ),
  mutant(
    "both holders of a name keep it",
    "src/cluster/names/name-conflicts.ts",
    "if (own === undefined || other === undefined || !this.#inStep.has(peer)) return;",
    "if (own === undefined || other === undefined || peer !== undefined) return;",
  ),
  mutant(
    "a name is confirmed by another node",
    RIVALS,
    `desk.emit({ kind: "send", peer, message: { kind: "yes", claim, seen, holds } });`,
    `desk.emit({ kind: "send", peer, message: { kind: "yes", claim, seen, holds } });
    const { fence, local } = message;
    const entry = { claimed: fence, fence, rule: "exit_loser", replaces: [] } as const;
    desk.holders.setOther({ node: peer, creation: desk.peers.get(peer) ?? 0 }, name, local, entry);`,
  ),
  mutant(
    "a name is registered before everybody sees it",
    "src/cluster/names/name-marks.ts",
    "if (this.#peers.size === 0) {",
    "if (this.#peers.size >= 0) {",
  ),
  mutant("a name whose time is up stays", CLAIMS, "this.#revert(claim, state);", ""),
];
