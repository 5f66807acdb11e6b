import type { Arguments, Option, Shape } from "./arguments.ts";
import type { World } from "./world.ts";

/** One word behind `snow-node`. */
export interface Verb extends Shape {
  readonly name: string;
  /** What it does, in half a line, for the list of verbs. */
  readonly summary: string;
  /** More for its own help; undefined: the summary says it all. */
  readonly about?: string;
  readonly examples: readonly string[];
  /** All that follows the verb is handed on as it is: options belong to another program. */
  readonly raw?: boolean;
  /** Does it, and says with which code to exit. */
  run(args: Arguments, world: World): Promise<number>;
}

/** The help of a verb: usage, options, examples. */
export function verbHelp(verb: Verb): string {
  const options = [...verb.options, HELP_OPTION];
  const usage = [
    "snow-node",
    verb.name,
    ...verb.operands.map(operand),
    verb.raw === true ? "[options of Bun's]" : "[options]",
  ];
  const lines = [
    verb.summary,
    ...(verb.about === undefined ? [] : ["", verb.about]),
    "",
    `Usage: ${usage.join(" ")}`,
    "",
  ];
  const names = options.map(optionUsage);
  const width = Math.max(...names.map((name) => name.length));
  lines.push(
    "Options:",
    ...options.map((option, index) => `  ${(names[index] as string).padEnd(width)}  ${option.doc}`),
    "",
  );
  lines.push(
    verb.examples.length === 1 ? "Example:" : "Examples:",
    ...verb.examples.map((example) => `  ${example}`),
  );
  return `${lines.join("\n")}\n`;
}

const HELP_OPTION: Option = { name: "--help", value: undefined, doc: "Show this." };

function operand(name: string): string {
  return name.startsWith("[") ? name : `<${name}>`;
}

function optionUsage(option: Option): string {
  if (option.value === undefined)
    return option.negatable === true
      ? `${option.name} | --no-${option.name.slice(2)}`
      : option.name;
  return option.optional === true
    ? `${option.name}[=${option.value}]`
    : `${option.name} ${option.value}${option.list === true ? " …" : ""}`;
}
