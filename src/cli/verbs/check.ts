import { hasPackage, writePackages } from "../package.ts";
import type { Verb } from "../verb.ts";
import type { World } from "../world.ts";

/** The type checker inside the executable. */
export const check: Verb = {
  name: "check",
  summary: "Check the types of this folder's TypeScript with the checker inside this executable.",
  about:
    "Everything that follows is handed to bun check. Runs snow-node types first where that has not been done.",
  operands: ["[file]…"],
  options: [],
  raw: true,
  examples: ["snow-node check", "snow-node check ./app.ts"],
  async run(args, world) {
    if (args.operands.length === 0 && sources(world, "*.{ts,tsx,mts,cts}").length === 0) {
      world.terminal.writeError("nothing to check: no TypeScript files in this folder\n");
      return 0;
    }
    await ensurePackage(world);
    // A script "check" of a package.json would otherwise run instead.
    return world.runBun(["check", "--no-script", ...args.operands]);
  },
};

/** Files below the folder that match, those of installed packages excepted. */
export function sources(world: World, name: string): readonly string[] {
  const here = world.files.glob(name, world.directory);
  if (here.length > 0) return here;
  const below = world.files.glob(`*/**/${name}`, world.directory);
  return below.filter((path) => !path.slice(world.directory.length).includes("/node_modules/"));
}

const TEST_FILES = "*{.,_}{test,spec}.{ts,tsx,js,jsx,mts,mjs}";

/**
 * Why the test runner would find nothing at `paths`, or in this folder if there are none; undefined when it finds something,
 * or may: one of its options, which look the same as what follows them.
 */
export function noTests(world: World, paths: readonly string[]): string | undefined {
  const { directory } = world;
  const all = (folder: string): readonly string[] =>
    sources({ ...world, directory: folder }, TEST_FILES);
  if (paths.length === 0)
    return all(directory).length > 0 ? undefined : "no *.test.ts files in this folder";
  if (paths.some((path) => path.startsWith("-"))) return undefined;
  const empty = paths.filter((path) => {
    const whole = path.startsWith("/") ? path : `${directory}/${path.replace(/^\.\//, "")}`;
    const cut = whole.lastIndexOf("/");
    const isFile = world.files.glob(whole.slice(cut + 1), whole.slice(0, cut)).length > 0;
    if (isFile || all(whole).length > 0) return false;
    return path.startsWith("/") || !all(directory).some((file) => file.includes(path));
  });
  return empty.length < paths.length ? undefined : `no test files at ${empty.join(", ")}`;
}

/** Makes `import … from "snow-node"` resolve, if it does not yet. */
export async function ensurePackage(world: World): Promise<void> {
  if (hasPackage(world)) return;
  await writePackages(world);
  world.terminal.writeError("wrote node_modules/snow-node, as snow-node types does\n");
}
