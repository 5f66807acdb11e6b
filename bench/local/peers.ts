/** Other libraries of actors in a program of their own: `peers.ts LIBRARY PROGRAM SIZE ROUNDS` prints milliseconds, one a round. */
import { nact } from "../peers/actors/nact.ts";
import { xstate } from "../peers/actors/xstate.ts";

const [library, name, size, rounds] = process.argv.slice(2);
const programs = { nact, xstate }[library as "nact" | "xstate"];
const program = programs[name as keyof typeof programs];
if (program === undefined) throw new Error(`${library} has no program ${name}`);
const values: number[] = [];
for (let round = 0; round <= Number(rounds); round++) {
  // oxlint-disable-next-line no-await-in-loop -- one at a time
  const value = await program(Number(size));
  // The first round warms up.
  if (round > 0) values.push(value);
}
console.log(values.join(" "));
process.exit(0);
