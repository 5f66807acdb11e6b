import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An empty folder of one test, removed with everything in it when it is disposed. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "snow-node-"));

  /** Writes a file here and returns its absolute path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
