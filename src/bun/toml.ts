import { ConfigError } from "../base/error.ts";

/** What `Bun.TOML.parse` leaves out of its errors and the module loader knows. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** Loads the text as a module once more, only because the loader's errors say where; `undefined` if it does not fail. */
async function locate(text: string): Promise<Position | undefined> {
  try {
    await import(`data:application/toml,${encodeURIComponent(text)}`, { with: { type: "toml" } });
    return undefined;
  } catch (error) {
    return (error as { position?: Position | null }).position ?? undefined;
  }
}

/**
 * Parses TOML 1.1. Dates come as `Temporal` objects. `file` is only named in the error.
 * @throws {ConfigError} config_syntax, one line: `cluster.toml:3:5: expected a value but found '='`
 */
export async function parseToml(text: string, file: string): Promise<Record<string, unknown>> {
  try {
    return Bun.TOML.parse(text) as Record<string, unknown>;
  } catch (error) {
    const position = await locate(text);
    const where = position === undefined ? file : `${file}:${position.line}:${position.column}`;
    const said = (error as Error).message.replace(/^TOML Parse error: /, "");
    throw new ConfigError(
      "config_syntax",
      `${where}: ${said.charAt(0).toLowerCase()}${said.slice(1)}`,
      {
        cause: error,
      },
    );
  }
}
