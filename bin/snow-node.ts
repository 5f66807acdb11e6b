#!/usr/bin/env bun
/** The executable: introduces the command line to Bun and to the nodes it runs or joins. */
import { createCa, issueCertificate } from "../src/bun/tls/certificate.ts";
import { runAsBun } from "../src/bun/child.ts";
import { entropy } from "../src/bun/entropy.ts";
import { files } from "../src/bun/files.ts";
import { folders } from "../src/bun/folders.ts";
import { environment, hostCpus, workingDirectory } from "../src/bun/host.ts";
import { packageFiles } from "../src/bun/package-files.ts";
import { sleepUnlessInterrupted, terminal } from "../src/bun/terminal.ts";
import { parseToml } from "../src/bun/toml.ts";
import { main } from "../src/cli/main.ts";
import type { World } from "../src/cli/world.ts";
import { openConnection } from "../src/program/cluster-connection.ts";
import { localNodes } from "../src/program/registry.ts";
import { runNode } from "../src/program/run-node.ts";
import { VERSION } from "../src/program/version.ts";

const world: World = {
  version: VERSION,
  environment: environment(),
  directory: workingDirectory(),
  cpus: hostCpus(),
  files,
  folders,
  entropy,
  terminal,
  certificates: { createCa, issueCertificate },
  parseToml,
  runNode: (config) => runNode(config, { terminal }),
  localNodes,
  openConnection: (options) => openConnection({ ...options, version: VERSION }),
  runBun: (args, environment = {}) => runAsBun(args, { environment }),
  sleep: sleepUnlessInterrupted,
  packageFiles,
};

process.exit(await main(process.argv.slice(2), world));
