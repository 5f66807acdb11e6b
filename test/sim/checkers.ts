import { bonds } from "./checkers/bonds.ts";
import { buffers } from "./checkers/buffers.ts";
import { calls } from "./checkers/calls.ts";
import { endings } from "./checkers/endings.ts";
import { groups } from "./checkers/groups.ts";
import { monitors } from "./checkers/monitors.ts";
import { names } from "./checkers/names.ts";
import { nodeMonitors } from "./checkers/node-monitors.ts";
import { order } from "./checkers/order.ts";
import { rooms } from "./checkers/rooms.ts";
import { spawns } from "./checkers/spawns.ts";
import { supervision } from "./checkers/supervision.ts";
import { tables } from "./checkers/tables.ts";
import { takeovers } from "./checkers/takeovers.ts";
import type { Checker } from "./run.ts";

/** What every seed is checked for. */
export const CHECKERS: readonly Checker[] = [
  order,
  monitors,
  bonds,
  nodeMonitors,
  spawns,
  calls,
  supervision,
  groups,
  names,
  rooms,
  buffers,
  tables,
  takeovers,
  endings,
];
