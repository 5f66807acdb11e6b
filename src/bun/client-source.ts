import { join } from "node:path";

import { packageFiles } from "./package-files.ts";

/** Where the built package has it, from its root. */
const BUILT = "src/client.js";

/**
 * The browser's client of rooms as the text of one module without imports, wherever this program runs from: out of the
 * executable, out of the npm package, or made from the sources.
 */
export async function clientSource(): Promise<string> {
  if (import.meta.url.includes("/$bunfs/")) {
    const source = (await packageFiles())[`snow-node/${BUILT}`];
    if (source !== undefined) return source;
    throw new Error("this executable was built without the browser client");
  }
  // Chunks of the package stand where this file does, see docs/decisions/0042.
  const built = Bun.file(join(import.meta.dir, "..", "client.js"));
  if (await built.exists()) return built.text();
  const { outputs } = await Bun.build(clientBuild(join(import.meta.dir, "..", "client.ts")));
  return outputs[0]!.text();
}

/** How the client is built out of its sources: one module that any browser of these years takes. */
export const clientBuild = (entry: string): Bun.BuildConfig => ({
  entrypoints: [entry],
  target: "browser",
  format: "esm",
  minify: { whitespace: true, syntax: true },
});
