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

/** Characters of a line of help, and of the column of options in it: longer ones get a line of their own. */
const LINE_CHARS = 118;
const OPTION_CHARS = 38;

/** The help of a verb: usage, options, examples. */
export function verbHelp(verb: Verb): string {
  const about = verb.about === undefined ? [] : ["", verb.about];
  const usage = [
    "snow-node",
    verb.name,
    ...verb.operands.map(operand),
    verb.raw === true ? "[options of Bun's]" : "[options]",
  ];
  const options = [...verb.options, HELP_OPTION].map(
    ({ doc, ...option }) => [optionUsage(option), doc] as const,
  );
  const width = Math.min(OPTION_CHARS, Math.max(...options.map(([name]) => name.length)));
  return [
    ...[verb.summary, ...about, "", `Usage: ${usage.join(" ")}`, ""],
    ...["Options:", ...options.flatMap(([name, doc]) => optionLines(name, doc, width)), ""],
    ...[
      verb.examples.length === 1 ? "Example:" : "Examples:",
      ...verb.examples.map((example) => `  ${example}`),
      "",
    ],
  ].join("\n");
}

const HELP_OPTION: Option = { name: "--help", value: undefined, doc: "Show this." };

function operand(name: string): string {
  return name.startsWith("[") ? name : `<${name}>`;
}

function optionUsage({ name, value, optional, list, negatable }: Omit<Option, "doc">): string {
  if (value === undefined) return negatable === true ? `--[no-]${name.slice(2)}` : name;
  return optional === true ? `${name}[=${value}]` : `${name} ${value}${list === true ? " …" : ""}`;
}

function optionLines(name: string, doc: string, width: number): readonly string[] {
  const rows = wrap(doc, LINE_CHARS - width - 4);
  const indent = " ".repeat(width);
  const names = name.length > width ? [`  ${name}`] : [];
  const first = name.length > width ? indent : name.padEnd(width);
  return [...names, ...rows.map((row, index) => `  ${index === 0 ? first : indent}  ${row}`)];
}

function wrap(text: string, chars: number): readonly string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of text.split(" ")) {
    if (row !== "" && row.length + 1 + word.length > chars) {
      rows.push(row);
      row = word;
    } else {
      row = row === "" ? word : `${row} ${word}`;
    }
  }
  return [...rows, row];
}
