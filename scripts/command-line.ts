/** What a script is given: `--help` shows how it is used; what is wrong is said above that, on stderr. */
import { parseArgs, type ParseArgsConfig } from "node:util";

export class CommandLine {
  readonly #usage: string;

  /** `usage`: the command, and what its options mean where the names do not say so. */
  constructor(usage: string) {
    this.#usage = usage;
  }

  /** The options and operands. Ends the program with 0 for `--help`, with 2 where they are not what `config` describes. */
  parse<const Config extends ParseArgsConfig>(config: Config) {
    if (process.argv.slice(2).some((word) => word === "--help" || word === "-h")) {
      console.log(`usage: ${this.#usage}`);
      process.exit(0);
    }
    try {
      return parseArgs(config);
    } catch (error) {
      // Behind the first sentence it explains what nobody here wants.
      return this.refuse((error as Error).message.split(". ")[0]!);
    }
  }

  /** The number that an option was given, or the one that stands for it. Ends the program with 2 where it is none, or too small. */
  number(option: string, text: string | undefined, otherwise: number, least = 0): number {
    if (text === undefined) return otherwise;
    const number = Number(text);
    if (text.trim() !== "" && number >= least && number < Infinity) return number;
    return this.refuse(`--${option}: got "${text}", expected a number from ${least}`);
  }

  /** Ends the program with 2. */
  refuse(complaint: string): never {
    console.error(`${complaint}\nusage: ${this.#usage}`);
    process.exit(2);
  }
}
