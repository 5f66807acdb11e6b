/** Puts the package that the executable carries into a folder's node_modules, for editors, `check` and `test`. */
import type { World } from "./world.ts";

/** Says in a generated package.json that it may be replaced: one that npm installed has it not. */
export const GENERATED_BY = "snow-node types";

const OURS = "node_modules/snow-node";

const TSCONFIG = `${JSON.stringify(
  {
    compilerOptions: {
      target: "ESNext",
      lib: ["ESNext"],
      module: "Preserve",
      moduleResolution: "bundler",
      moduleDetection: "force",
      types: ["bun"],
      strict: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
    },
  },
  undefined,
  2,
)}\n`;

/** What became of it. */
export interface PackageWritten {
  /** Packages below node_modules that were written. */
  readonly packages: readonly string[];
  /** Packages that stay as they are, because another program put them there. */
  readonly kept: readonly string[];
  /** Whether there was no tsconfig.json, and there is one now. */
  readonly tsconfig: boolean;
}

/** Is there a `snow-node` that a module in this folder would find, here or in a folder above? */
export function hasPackage(world: World): boolean {
  for (let folder = world.directory; ; folder = folder.slice(0, folder.lastIndexOf("/"))) {
    if (world.files.mode(`${folder}/${OURS}/package.json`) !== undefined) return true;
    if (folder === "" || !folder.includes("/")) return false;
  }
}

/** Writes the packages; of those that are there already only the ones that were written by us before. */
export async function writePackages(world: World): Promise<PackageWritten> {
  const files = Object.entries(await world.packageFiles());
  const names = new Set(files.map(([path]) => packageOf(path)));
  const packages: string[] = [];
  const kept: string[] = [];
  for (const name of [...names].toSorted()) {
    const folder = `${world.directory}/node_modules/${name}`;
    if (!mayReplace(folder, world)) {
      kept.push(name);
      continue;
    }
    packages.push(name);
    // Files of an older version would otherwise stay beside the new ones.
    world.folders.remove(folder);
    for (const [path, text] of files) {
      if (packageOf(path) === name)
        world.folders.write(`${world.directory}/node_modules/${path}`, text);
    }
  }
  const tsconfig = world.files.mode(`${world.directory}/tsconfig.json`) === undefined;
  if (tsconfig) world.folders.write(`${world.directory}/tsconfig.json`, TSCONFIG);
  return { packages, kept, tsconfig };
}

function packageOf(path: string): string {
  return path.split("/", path.startsWith("@") ? 2 : 1).join("/");
}

function mayReplace(folder: string, world: World): boolean {
  const path = `${folder}/package.json`;
  if (world.files.mode(path) === undefined) return world.files.mode(folder) === undefined;
  try {
    const { generatedBy } = JSON.parse(world.files.readText(path)) as { generatedBy?: unknown };
    return generatedBy === GENERATED_BY;
  } catch {
    return false;
  }
}
