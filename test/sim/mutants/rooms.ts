import { mutant, type Mutant } from "./mutant.ts";

const BEHIND = "src/room/following/behind.ts";
const CLIENT = "src/browser/client-room.ts";
const OWN = "src/room/own-origin.ts";
const CATCH_UP = "src/room/following/catch-up.ts";
const LOG = "src/room/room-log.ts";
const MEMBERS = "src/room/room-members.ts";

/** Rooms: what their members get, and who they are. */
export const rooms: readonly Mutant[] = [
  mutant(
    "a node that is back is not asked what was missed",
    CATCH_UP,
    "this.#hub.ask(room, this.nextQuestion(room), node);",
    "",
  ),
  mutant(
    "what comes over a lane does not go to the other schedulers of the node",
    OWN,
    "if (source.hop !== undefined) return;\n    for (const scheduler",
    "if (source.hop === undefined) return;\n    for (const scheduler",
  ),
  mutant(
    "of several nodes with members the last gets no frame",
    OWN,
    "for (const node of followers.nodes) {\n      if (this.#isStale(node, room)) continue;",
    "for (const node of followers.nodes) {\n      if (node === followers.nodes[3]) continue;",
  ),
  mutant(
    "a socket that closed stays among the members elsewhere",
    MEMBERS,
    "tell({ bucket: room, member: number, value: undefined });",
    "",
  ),
  mutant(
    "nothing that was published in a room is kept",
    LOG,
    "while (window.length > windowMessages ||",
    "while (window.length > 1 ||",
  ),
  mutant(
    "a room does not write down how far an origin has come",
    "src/room/following/seats.ts",
    "if (followed !== undefined) followed.number = number;",
    "",
  ),
  mutant(
    "a client that comes back gets its last message again",
    BEHIND,
    "entry.number <= had) continue;",
    "entry.number < had) continue;",
  ),
  mutant(
    "a client that is ahead of its room is told of a gap",
    BEHIND,
    "if (upTo === null ? isMissed : upTo > (had ?? 0)) {",
    "if (had !== undefined || upTo !== null) {",
  ),
  mutant(
    "a client does not remember what it has",
    CLIENT,
    "    this.#cursor[origin] = number;\n    let event",
    "    let event",
  ),
  mutant(
    "a client takes what it has already",
    CLIENT,
    "if (number <= (this.#had(origin) ?? 0)) return;",
    "",
  ),
];
