/**
 * Makes the npm package out of the sources: dist/package with declarations and bundled code, and the archive of it that the
 * executable carries for `snow-node types`, together with the types of Bun that a user's own modules need.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";

import { clientBuild } from "../src/bun/client-source.ts";
import { PACKAGE_ARCHIVE } from "../src/bun/package-files.ts";
import { GENERATED_BY } from "../src/cli/package.ts";

const ROOT = resolve(import.meta.dir, "..");
const PACKAGE = join(ROOT, "dist/package");
const ARCHIVE = join(ROOT, "dist", PACKAGE_ARCHIVE);

/** What can be imported: `snow-node`, `snow-node/testing`, …; an entry counts once its source is there. */
const ENTRIES = ["index", "testing", "sim", "client"].filter((name) =>
  existsSync(join(ROOT, `src/${name}.ts`)),
);
/** What the package starts: the command line and the threads of a node. */
const PROGRAMS = ["bin/snow-node.ts", "bin/scheduler-thread.ts"].filter((path) =>
  existsSync(join(ROOT, path)),
);

const SHEBANG = "#!/usr/bin/env bun";

/** Packages of types that a user's modules need beside ours, with what of them is of use to a checker. */
const TYPE_PACKAGES = ["@types/bun", "bun-types", "@types/node", "undici-types"];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description: string;
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
}

/** Errors in types are `bun check`'s to report; here it only counts that declarations came out. */
async function emitDeclarations(): Promise<void> {
  const child = Bun.spawn(
    [
      ...[process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), "--ignoreConfig"],
      ...["--declaration", "--emitDeclarationOnly", "--noEmitOnError", "false"],
      ...[
        "--target",
        "esnext",
        "--module",
        "preserve",
        "--moduleResolution",
        "bundler",
        "--strict",
      ],
      ...["--allowImportingTsExtensions", "--verbatimModuleSyntax", "--exactOptionalPropertyTypes"],
      ...["--lib", "esnext", "--types", "bun", "--skipLibCheck"],
      ...["--rootDir", ".", "--outDir", PACKAGE],
      ...ENTRIES.map((name) => `src/${name}.ts`),
    ],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] },
  );
  const said = await child.stdout.text();
  await child.exited;
  const missing = ENTRIES.find((name) => !existsSync(join(PACKAGE, `src/${name}.d.ts`)));
  if (missing !== undefined) throw new Error(`no declarations of src/${missing}.ts\n${said}`);
}

/**
 * One bundle with shared chunks, so that the classes of `snow-node` and `snow-node/testing` are the same. The chunks stand
 * where `src/bun` did: a new thread finds its entry from there (docs/decisions/0042).
 */
async function bundle(version: string): Promise<void> {
  const result = await Bun.build({
    entrypoints: [
      ...ENTRIES.filter((name) => name !== "client").map((name) => join(ROOT, `src/${name}.ts`)),
      ...PROGRAMS.map((path) => join(ROOT, path)),
      // Two entries that need it put it into a chunk, whoever else does.
      join(ROOT, "src/bun/worker-threads.ts"),
    ],
    root: ROOT,
    outdir: PACKAGE,
    target: "bun",
    format: "esm",
    splitting: true,
    throw: false,
    define: { SNOW_VERSION: JSON.stringify(version) },
    naming: { entry: "[dir]/[name].[ext]", chunk: "src/bun/[name]-[hash].[ext]" },
  });
  if (!result.success) throw new Error(result.logs.map(String).join("\n"));
  restoreClassNames(result.outputs.map((output) => output.path));
  for (const path of PROGRAMS)
    writeFileSync(join(PACKAGE, path), `import "./${basename(path, ".ts")}.js";\n`);
  const program = join(PACKAGE, "bin/snow-node.js");
  if (!existsSync(program)) return;
  const text = readFileSync(program, "utf8");
  if (!text.startsWith("#!")) writeFileSync(program, `${SHEBANG}\n${text}`);
  chmodSync(program, 0o755);
}

/**
 * The bundler calls a class that is exported twice `Pid2` inside, and so do console.log and constructor.name at a user's. Gives
 * those that an entry exports their names back.
 */
function restoreClassNames(paths: readonly string[]): void {
  const texts = new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
  const names = new Set<string>();
  for (const name of ENTRIES) {
    const text = texts.get(join(PACKAGE, `src/${name}.js`)) ?? "";
    for (const [, own] of text.matchAll(/\b([A-Z]\w*)2 as \1\b/g)) names.add(own as string);
  }
  for (const [path, text] of texts) {
    let restored = text;
    for (const name of names) {
      if (!new RegExp(`\\b${name}2\\b`).test(restored)) continue;
      const taken = `\\b(?:class|const|let|var|function|new|instanceof|extends) ${name}\\b`;
      if (new RegExp(taken).test(restored)) throw new Error(`${path}: ${name} is taken`);
      restored = restored.replaceAll(new RegExp(`\\b${name}2\\b`, "g"), name);
    }
    if (restored !== text) writeFileSync(path, restored);
  }
}

/** The browser's client is one module of its own, which shares nothing with what runs on nodes. */
async function bundleClient(): Promise<void> {
  const result = await Bun.build({
    ...clientBuild(join(ROOT, "src/client.ts")),
    outdir: join(PACKAGE, "src"),
    throw: false,
  });
  if (!result.success) throw new Error(result.logs.map(String).join("\n"));
}

/** `exports` of the package: declarations first, since the first condition that fits counts. */
export function packageExports(prefix: string): Record<string, { types: string; default: string }> {
  return Object.fromEntries(
    ENTRIES.map((name) => [
      name === "index" ? "." : `./${name}`,
      { types: `${prefix}src/${name}.d.ts`, default: `${prefix}src/${name}.js` },
    ]),
  );
}

function archiveOf(
  folder: string,
  under: string,
  keep: (path: string) => boolean,
): [path: string, text: string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter(keep)
    .toSorted()
    .map((path) => [`${under}/${path}`, readFileSync(join(folder, path), "utf8")]);
}

/** A foreign package's manifest, marked as ours to replace. */
function typePackage(name: string): [path: string, text: string][] {
  const folder = join(ROOT, "node_modules", name);
  const files = archiveOf(
    folder,
    name,
    (path) => path.endsWith(".d.ts") || /(?:^|\/)LICENSE/.test(path),
  );
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
    string,
    unknown
  >;
  const { version, license, types, typesVersions, main } = manifest;
  const text = JSON.stringify(
    { name, version, license, main, types, typesVersions, generatedBy: GENERATED_BY },
    undefined,
    2,
  );
  return [[`${name}/package.json`, `${text}\n`], ...files];
}

/** Writes dist/package and the archive; resolves with the archive's path. */
export async function writePackage(): Promise<string> {
  const { name, version, license, description } = readManifest();
  rmSync(PACKAGE, { recursive: true, force: true });
  mkdirSync(PACKAGE, { recursive: true });
  await Promise.all([emitDeclarations(), bundle(version)]);
  await bundleClient();
  const manifest = {
    name,
    version,
    description,
    license,
    type: "module",
    types: "./src/index.d.ts",
    exports: packageExports("./"),
    generatedBy: GENERATED_BY,
  };
  writeFileSync(join(PACKAGE, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const files = [
    ...archiveOf(PACKAGE, name, (path) => !path.startsWith("bin/snow-node")),
    ...TYPE_PACKAGES.flatMap(typePackage),
  ];
  writeFileSync(
    ARCHIVE,
    await Bun.zstdCompress(JSON.stringify(Object.fromEntries(files)), { level: 12 }),
  );
  return ARCHIVE;
}

if (import.meta.main) console.log(await writePackage());
