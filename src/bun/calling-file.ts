import { dirname } from "node:path";

/** The folder of our own code: `src` here, `snow-node/src` in the package. */
const OURS = `${dirname(import.meta.dir)}/`;

/** The file of whoever called into our own code, as the stack tells it; undefined where it does not. */
export function callingFile(): string | undefined {
  for (const frame of (new Error().stack ?? "").split("\n")) {
    const file = /\(?((?:file:\/\/)?\/[^()]*?):\d+(?::\d+)?\)?$/.exec(frame.trim())?.[1];
    const path = file?.replace("file://", "");
    if (path !== undefined && !path.startsWith(OURS) && !path.startsWith("/$bunfs/")) return path;
  }
  return undefined;
}
