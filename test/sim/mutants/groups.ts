import { mutant, type Mutant } from "./mutant.ts";

const VIEW = "src/cluster/group-view.ts";
const AUTHORITY = "src/cluster/replicas/replica-authority.ts";
const SET = "src/cluster/replicas/replica-set.ts";
const CONTROL = "src/service/groups-control.ts";
const SCHEDULER = "src/service/groups-scheduler.ts";

/** Groups, and the replicated tables that carry them and the names. */
export const groups: readonly Mutant[] = [
  mutant("members of a lost node stay in their groups", VIEW, "state.parts.delete(node);", ""),
  mutant(
    "who leaves a group once leaves it as often as it has joined",
    VIEW,
    "if (count === 0) this.#remove(node, bucket, local);",
    "if (count < before) this.#remove(node, bucket, local);",
  ),
  mutant(
    "who ends stays in its groups",
    SCHEDULER,
    "for (const bucket of [...joined.keys()]) this.#set(local, bucket, 0);",
    "this.#joined.delete(local);",
  ),
  mutant(
    "other schedulers of a node do not hear who joins",
    CONTROL,
    "if (other !== scheduler)",
    "if (other < scheduler)",
  ),
  mutant(
    "a copy of any age is taken for the present table",
    AUTHORITY,
    "if (have.version === state.version && sameEntries(have, state)) return",
    "if (have.version > 0 && have.version <= state.version) return",
  ),
  mutant(
    "of what a peer has missed the first change is left out",
    AUTHORITY,
    "const changes = this.#recent.slice(from).map(",
    "const changes = this.#recent.slice(from + 1).map(",
  ),
  mutant(
    "peers that have asked once are told nothing more",
    SET,
    "if (copy.follows) this.#send(peer, delta);",
    "if (copy.follows && !copy.visible) this.#send(peer, delta);",
  ),
  mutant(
    "the entries of a node that is gone are kept on show",
    SET,
    'if (copy.visible) this.#outputs.push({ kind: "cleared", node: peer });',
    "",
  ),
  mutant(
    "what a node has when it comes up is not shown",
    SET,
    "if (!isFirst) return;",
    "if (isFirst) return;",
  ),
];
