import { ConfigError } from "../base/error.ts";
import type { Files } from "../port/files.ts";
import type { NodeConfig } from "./config.ts";

/** Tests and declarations stand beside the modules that a pattern means. */
const SKIPPED = /\.(?:test|spec|d)\.[cm]?tsx?$/;
const PATTERN = /[*?[\]{}]/;

/**
 * The files that `node.modules` names: absolute, each once, patterns sorted, in the order in which they were written.
 * Tests and declarations are left out also where they were named one by one, since a shell may have made names of a pattern.
 * @throws {ConfigError} module_failed, for a file that is not there and a pattern that fits none
 */
export function modulePaths(config: NodeConfig, files: Files): readonly string[] {
  const { modules, modulesDirectory } = config.node;
  const paths = modules.flatMap((module) => {
    const found = PATTERN.test(module)
      ? files.glob(module, modulesDirectory)
      : [literal(module, modulesDirectory)].filter((path) => files.mode(path) !== undefined);
    if (found.length === 0) throw missing(module, config);
    return found;
  });
  return [...new Set(paths)].filter((path) => !SKIPPED.test(path));
}

/** Without `.` and `..`, so that a file is the same however it was named. */
function literal(module: string, directory: string): string {
  const parts: string[] = [];
  for (const part of (module.startsWith("/") ? module : `${directory}/${module}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function missing(module: string, config: NodeConfig): ConfigError {
  const origin = config.settings.find((setting) => setting.key === "node.modules")?.origin;
  const place = origin === undefined || origin.kind === "given" ? "modules" : origin.text;
  const expected = PATTERN.test(module) ? "a pattern that fits a file" : "a file";
  return new ConfigError(
    "module_failed",
    `${place}: expected ${expected}, got ${JSON.stringify(module)}, no such file in ${config.node.modulesDirectory}`,
  );
}
