import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Files as the command line writes them: whole, and with the folders above them. */
export const folders = {
  make(path: string): void {
    mkdirSync(path, { recursive: true });
  },
  write(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  },
  remove(path: string): void {
    rmSync(path, { recursive: true, force: true });
  },
  rename(from: string, to: string): void {
    renameSync(from, to);
  },
  readBytes(path: string): Uint8Array {
    return readFileSync(path);
  },
};
