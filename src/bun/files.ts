import {
  closeSync,
  fchmodSync,
  globSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";

import type { Files } from "../port/files.ts";

/** The file system of this machine; synchronous, because it is used before a node runs and when it loads modules. */
export const files: Files = {
  readText: (path) => readFileSync(path, "utf8"),
  mode(path) {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? undefined : stats.mode & 0o777;
  },
  create(path, text, mode) {
    // "wx": of two nodes that start at once only one makes the file, the other gets EEXIST and reads it.
    const descriptor = openSync(path, "wx", mode);
    try {
      fchmodSync(descriptor, mode);
      writeSync(descriptor, text);
    } finally {
      closeSync(descriptor);
    }
  },
  glob: (pattern, directory) =>
    globSync(pattern, { cwd: directory })
      .map((path) => resolve(directory, path))
      .toSorted(),
  home: () => process.env.HOME ?? homedir(),
};
