/** The file system as far as a node needs it. Every failure is an `Error` whose message names the path. */
export interface Files {
  readText(path: string): string;
  /** Permission bits, 0o000 to 0o777, or undefined when the file does not exist. */
  mode(path: string): number | undefined;
  /** Creates a file that did not exist, with these permission bits. */
  create(path: string, text: string, mode: number): void;
  /** Paths that match the pattern, sorted, absolute. */
  glob(pattern: string, directory: string): readonly string[];
  home(): string;
}
