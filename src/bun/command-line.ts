import { availableParallelism } from "node:os";

import { createCa, issueCertificate } from "./certificate.ts";
import { runAsBun } from "./child.ts";
import { entropy } from "./entropy.ts";
import { files } from "./files.ts";
import { folders } from "./folders.ts";
import { packageFiles } from "./package-files.ts";
import { sleepUnlessInterrupted, terminal } from "./terminal.ts";
import { parseToml } from "./toml.ts";

/** This process as the command line sees it: all of its `World` that needs no node. */
export const commandLine = {
  environment: process.env,
  directory: process.cwd(),
  cpus: availableParallelism(),
  files,
  folders,
  entropy,
  terminal,
  certificates: { createCa, issueCertificate },
  parseToml,
  packageFiles,
  runBun: (
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<number> => runAsBun(args, { environment }),
  sleep: sleepUnlessInterrupted,
};

/** What follows the program's name: the same for the executable and for a run from sources. */
export function commandLineArguments(): readonly string[] {
  return process.argv.slice(2);
}
