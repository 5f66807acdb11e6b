import { mutant, type Mutant } from "./mutant.ts";

const HUB = "src/room/room-hub.ts";
const CATCH_UP = "src/room/catch-up.ts";
const LOG = "src/room/room-log.ts";
const MEMBERS = "src/room/room-members.ts";

/** Rooms: what their members get, and who they are. */
export const rooms: readonly Mutant[] = [
  mutant(
    "how far an origin has been followed does not go on with an answer",
    CATCH_UP,
    "followed.number = Math.max(followed.number, last);",
    "",
  ),
  mutant(
    "who comes back gets again what he had",
    CATCH_UP,
    "if (had === undefined ? entry.ageMs > ageMs : entry.number <= had) continue;",
    "if (had === undefined && entry.ageMs > ageMs) continue;",
  ),
  mutant(
    "of several nodes with members the last gets no frame",
    HUB,
    "for (const node of followers.nodes) {\n      if (this.#isStale(node, name)) continue;",
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
];
