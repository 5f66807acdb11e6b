import { isOn } from "../arguments.ts";
import { writePackages } from "../package.ts";
import { jsonLine } from "../show.ts";
import { JSON_OPTION } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** Types for an editor, out of the executable. */
export const types: Verb = {
  name: "types",
  summary: "Write node_modules/snow-node, with types for your editor, from inside this executable.",
  about:
    "Types for Bun itself are written beside it, and a tsconfig.json where there is none. Packages that another program\n" +
    "installed are left alone.",
  operands: [],
  options: [JSON_OPTION],
  examples: ["snow-node types && snow-node check"],
  async run(args, world) {
    const written = await writePackages(world);
    const lines = [
      ...written.packages.map((name) => `wrote node_modules/${name}\n`),
      ...written.kept.map((name) => `kept node_modules/${name}, which was installed otherwise\n`),
      ...(written.tsconfig ? ["wrote tsconfig.json\n"] : []),
    ];
    world.terminal.write(isOn(args, "--json") ? jsonLine(written) : lines.join(""));
    return 0;
  },
};
