import { join, resolve } from "node:path";

import type { Folder } from "../../test/e2e/support/folder.ts";
import { Program } from "../../test/e2e/support/program.ts";
import { ProgramSide } from "./side.ts";

/** A bare ping-pong in C, the floor for round trips. Undefined, and a line that says so, without a C compiler. */
export async function startEpoll(folder: Folder): Promise<ProgramSide | undefined> {
  const program = join(folder.path, "epoll");
  const source = resolve(import.meta.dir, "../peers/epoll.c");
  if (Bun.which("cc") === null || !Bun.spawnSync(["cc", "-O2", "-o", program, source]).success) {
    console.error("dist: not compared with a bare epoll loop: no C compiler here");
    return undefined;
  }
  const driver = new Program([program], { cwd: folder.path, home: folder.path });
  await driver.lines.waitFor("ready");
  return new ProgramSide("bare epoll", ["rtt"], { driver, others: [] });
}
