import { ConfigError } from "../base/error.ts";
import type { ConfigFile } from "../config/file.ts";
import { parseConfig, type NodeConfig } from "../config/config.ts";
import {
  KEY_PATHS,
  SHORT_OPTIONS,
  keyAt,
  keyOfOption,
  optionName,
  type KeyPath,
} from "../config/schema.ts";
import { valueOf, type Arguments, type Option } from "./arguments.ts";
import type { World } from "./world.ts";

/** Names the file that the other values come from. */
export const CONFIG_OPTION: Option = {
  name: "--config",
  value: "FILE",
  doc: "Read cluster.toml; or SNOW_CONFIG.",
};

const SHORT_NAMES = Object.entries(SHORT_OPTIONS);

/** The options that set keys of the configuration; a short name stands before the long one. */
export function configOptions(paths: readonly KeyPath[] = KEY_PATHS): readonly Option[] {
  return paths.flatMap((path) => {
    const { kind } = keyAt(path);
    const doc = described(path);
    const shape = {
      value: kind.flag ? undefined : valueWord(path),
      list: kind.list,
      negatable: kind.flag,
    };
    const full = optionName(path);
    const short = SHORT_NAMES.filter(([, of]) => of === path).map(([name]) => ({
      ...shape,
      name,
      doc,
    }));
    return [
      ...short,
      { ...shape, name: full, doc: short.length > 0 ? `The same as ${short[0]?.name}.` : doc },
    ];
  });
}

/** What a key does, with its default where it has one and the sentence does not say it. */
function described(path: KeyPath): string {
  const { kind, default: preset, doc } = keyAt(path);
  if (preset === undefined || kind.list || preset === false) return doc;
  return `${doc} Default: ${kind.show(preset).replaceAll('"', "")}.`;
}

/** What stands for the value in the help. */
function valueWord(path: KeyPath): string {
  const { expected } = keyAt(path).kind;
  if (expected.startsWith("name@host") || expected.startsWith("a list of name@host"))
    return "NAME@HOST:PORT";
  if (expected.startsWith("a duration")) return "DURATION";
  if (expected.startsWith("a size")) return "SIZE";
  if (expected.startsWith("a path")) return "PATH";
  if (expected.startsWith("a function")) return "FUNCTION";
  if (expected.startsWith("a range")) return "FIRST-LAST";
  if (expected.includes("host")) return "HOST";
  const words = expected.match(/"[a-z]+"/g);
  if (words !== null && !expected.startsWith("a "))
    return words.map((word) => word.slice(1, -1)).join("|");
  if (!expected.startsWith("a whole number")) return "TEXT";
  return expected.includes("inline") ? "NUMBER|inline" : "NUMBER";
}

/**
 * The configuration that the file, the environment and these arguments make.
 * @throws {ConfigError}
 */
export async function configure(args: Arguments, world: World): Promise<NodeConfig> {
  const options = [...args.options].flatMap(([name, values]) =>
    keyOfOption(name) === undefined ? [] : values.map((value) => ({ name, value })),
  );
  return parseConfig({
    file: await readConfigFile(args, world),
    environment: world.environment,
    options,
    directory: world.directory,
    cpus: world.cpus,
  });
}

async function readConfigFile(args: Arguments, world: World): Promise<ConfigFile | undefined> {
  const option = valueOf(args, CONFIG_OPTION.name);
  const path = option ?? world.environment["SNOW_CONFIG"];
  if (path === undefined || path === "") return undefined;
  const source = option === undefined ? "SNOW_CONFIG" : "--config";
  let text: string;
  try {
    text = world.files.readText(path.startsWith("/") ? path : `${world.directory}/${path}`);
  } catch (cause) {
    throw new ConfigError(
      "config_unreadable",
      `${source}: expected a file that can be read, got ${JSON.stringify(path)}`,
      { cause },
    );
  }
  return { path, text, value: await world.parseToml(text, path) };
}
