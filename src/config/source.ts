import { ConfigError } from "../base/error.ts";
import { nearest } from "../base/edit-distance.ts";
import { placeOf, readConfigFile, type ConfigFile } from "./file.ts";
import {
  KEY_PATHS,
  SHORT_OPTIONS,
  keyAt,
  keyOfOption,
  optionName,
  variableNames,
  type KeyPath,
} from "./schema.ts";

/** One option of the command line that sets a key, in the order in which they stand there. */
export interface ConfigOption {
  /** With its dashes: `--tls-mode`. */
  readonly name: string;
  readonly value: string;
}

/** Where a value came from; `text` is what people read: `--name`, `SNOW_NAME`, `cluster.toml:3`, `default`. */
export interface Origin {
  readonly kind: "option" | "environment" | "file" | "given" | "default";
  readonly text: string;
}

/** A value as it was written, with its place. */
export interface Written {
  readonly value: unknown;
  readonly origin: Origin;
}

/** All that a configuration can be made of. */
export interface ConfigInput {
  readonly file?: ConfigFile | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly options: readonly ConfigOption[];
  /** Values that a program hands over, of the types that TOML would give them; they rank with options. */
  readonly given?: { readonly [path in KeyPath]?: unknown } | undefined;
  /** Paths that were not written in a file are relative to this one. Absolute. */
  readonly directory: string;
  readonly cpus: number;
}

/**
 * For each key that is set anywhere the value that counts: option, else environment, else file.
 * @throws {ConfigError} config_unknown_key, config_conflict
 */
export function gather(input: ConfigInput): ReadonlyMap<KeyPath, Written> {
  const written = new Map<KeyPath, Written>();
  if (input.file !== undefined) fromFile(input.file, written);
  fromEnvironment(input.environment, written);
  for (const path of KEY_PATHS) {
    const value = input.given?.[path];
    if (value !== undefined) written.set(path, { value, origin: { kind: "given", text: path } });
  }
  fromOptions(input.options, written);
  return written;
}

function fromFile(file: ConfigFile, written: Map<KeyPath, Written>): void {
  for (const [path, value] of readConfigFile(file)) {
    written.set(path, { value, origin: { kind: "file", text: placeOf(file, path.split(".")) } });
  }
}

function fromEnvironment(
  environment: ConfigInput["environment"],
  written: Map<KeyPath, Written>,
): void {
  for (const path of KEY_PATHS) {
    // An empty variable is how shells and container files unset one.
    const name = variableNames(path).find((variable) => (environment[variable] ?? "") !== "");
    if (name === undefined) continue;
    written.set(path, {
      value: readVariable(path, environment[name] as string),
      origin: { kind: "environment", text: name },
    });
  }
}

function readVariable(path: KeyPath, text: string): unknown {
  const { kind } = keyAt(path);
  if (!kind.list) return kind.read(text);
  if (!text.trimStart().startsWith("["))
    return text.split(",").map((item) => kind.read(item.trim()));
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/**
 * Variables that look like ours, set nothing and are near one that does. Others are left alone: Kubernetes makes
 * `SNOW_SERVICE_HOST` and its like for every service called snow.
 */
export function suspectVariables(environment: ConfigInput["environment"]): readonly string[] {
  const known = KEY_PATHS.flatMap(variableNames);
  const warnings: string[] = [];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("SNOW_") || known.includes(name) || name === "SNOW_CONFIG") continue;
    const meant = nearest(
      name.slice("SNOW_".length),
      known.map((variable) => variable.slice("SNOW_".length)),
    );
    if (meant !== undefined) warnings.push(`${name} sets nothing, nearest is SNOW_${meant}`);
  }
  return warnings;
}

function fromOptions(options: readonly ConfigOption[], written: Map<KeyPath, Written>): void {
  const seen = new Map<KeyPath, { name: string; items: unknown[] }>();
  for (const option of options) {
    const path = keyOfOption(option.name);
    if (path === undefined) throw unknownOption(option.name, OPTION_NAMES);
    const { kind } = keyAt(path);
    const value = kind.read(option.value);
    const before = seen.get(path);
    if (before === undefined) {
      seen.set(path, { name: option.name, items: [value] });
    } else if (kind.list) {
      before.items.push(value);
    } else {
      throw new ConfigError("config_conflict", `${option.name}: given twice, expected once`);
    }
  }
  for (const [path, { name, items }] of seen) {
    const value = keyAt(path).kind.list ? items : items[0];
    written.set(path, { value, origin: { kind: "option", text: name } });
  }
}

const OPTION_NAMES = [...KEY_PATHS.map(optionName), ...Object.keys(SHORT_OPTIONS)];

/** The complaint about an option that nobody knows. */
export function unknownOption(name: string, known: readonly string[]): ConfigError {
  const meant = nearest(name, known);
  return new ConfigError(
    "config_unknown_key",
    `unknown option ${name}${meant === undefined ? "" : `, nearest is ${meant}`}`,
  );
}
