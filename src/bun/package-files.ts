import { join } from "node:path";

/** The name under which the build puts the archive into the executable, and into dist/. */
export const PACKAGE_ARCHIVE = "node-modules.json.zst";

/**
 * The files of node_modules that the executable carries, by path below it: `snow-node/index.d.ts`. The archive is a JSON
 * object, compressed with Zstandard; it is only looked at by the verbs that need it. Run from sources it is read from dist/.
 */
export async function packageFiles(): Promise<Readonly<Record<string, string>>> {
  const embedded = Bun.embeddedFiles.find(
    (file) => (file as { name?: string }).name === PACKAGE_ARCHIVE,
  );
  const archive = embedded ?? Bun.file(join(import.meta.dir, "../../dist", PACKAGE_ARCHIVE));
  const bytes = await Bun.zstdDecompress(await archive.bytes());
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, string>;
}
