/** One of the systems that are measured beside each other: two programs on loopback, ready to be asked. */
import type { Program } from "../../test/e2e/support/program.ts";

/** What one measurement found, by the names of the rows. */
export type Values = Readonly<Record<string, number>>;

export interface Side extends AsyncDisposable {
  /** How it is called in the results. */
  readonly label: string;
  /** Runs one measurement once; undefined: this side has none of that name. */
  measure(name: string): Promise<Values | undefined>;
}

/** A measurement that takes longer than this is taken for stuck. */
export const MEASURE_MS_MAX = 30_000;

/**
 * A side whose driving program reads the name of a measurement from a line of its standard input and answers with a line of
 * JSON: `{"measured": name, "values": {…}}`.
 */
export class ProgramSide implements Side {
  readonly label: string;
  readonly #measurements: ReadonlySet<string>;
  readonly #driver: Program;
  readonly #others: readonly AsyncDisposable[];

  constructor(
    label: string,
    measurements: readonly string[],
    programs: { readonly driver: Program; readonly others: readonly AsyncDisposable[] },
  ) {
    this.label = label;
    this.#measurements = new Set(measurements);
    this.#driver = programs.driver;
    this.#others = programs.others;
  }

  async measure(name: string): Promise<Values | undefined> {
    if (!this.#measurements.has(name)) return undefined;
    const { lines } = this.#driver;
    const from = lines.all.length;
    await this.#driver.type(name);
    const { text } = await lines.waitFor(/^\{"measured"/, { from, timeoutMs: MEASURE_MS_MAX });
    return (JSON.parse(text) as { values: Values }).values;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver[Symbol.asyncDispose]();
    for (const other of this.#others) await other[Symbol.asyncDispose]();
  }
}
