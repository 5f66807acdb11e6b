/**
 * `npm run soak:rooms -- [--minutes N] [--clients N]`: three nodes of the executable, clients of rooms over real WebSockets, publishers on
 * every scheduler, nodes that are killed, stopped and started one after the other. Default: five minutes, 3,000 clients. Exit code 1 when a
 * client missed something that it was not told of.
 */
import { soakRooms } from "../test/e2e/support/room-soak.ts";
import { build } from "./build.ts";
import { CommandLine } from "./command-line.ts";

/** Milliseconds that one round takes: quiet, away, and back in the room. */
const ROUND_MS = 20_000;
const SHOWN_MAX = 40;

const line = new CommandLine("npm run soak:rooms -- [--minutes N] [--clients N]");
const options = { minutes: { type: "string" }, clients: { type: "string" } } as const;
const { values } = line.parse({ options });
const minutes = line.number("minutes", values.minutes, 5, 0.1);
const clients = line.number("clients", values.clients, 3_000, 1);
await build({ force: false });
const report = await soakRooms({
  clients,
  rounds: Math.max(2, Math.round((minutes * 60_000) / ROUND_MS)),
  quietMs: ROUND_MS - 8_000,
  awayMs: 2_000,
  everyMs: 500,
  say: console.log,
});
const { failures, ...rest } = report;
console.log(JSON.stringify(rest));
for (const failure of failures.slice(0, SHOWN_MAX)) console.log(failure);
console.log(`${failures.length} failures`);
process.exit(failures.length === 0 ? 0 : 1);
