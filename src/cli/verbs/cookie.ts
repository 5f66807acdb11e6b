import { ConfigError } from "../../base/error.ts";
import { homeCookiePath, loadCookies, makeCookie } from "../../config/cookie.ts";
import { usage } from "../arguments.ts";
import { CONFIG_OPTION, configOptions, configure } from "../configure.ts";
import type { Verb } from "../verb.ts";
import type { World } from "../world.ts";

const OWNER_READS = 0o400;

/** The cluster's secret. */
export const cookie: Verb = {
  name: "cookie",
  summary: "Say where the cookie comes from, make one, or rotate one; it is never printed.",
  about:
    "Without an action: where a node started with the same options would take its cookie from, and whether it is good.\n" +
    "new [file]: make a cookie file that nobody else can read; ~/.snow.cookie if no file is named.\n" +
    "rotate [file]: make the next cookie beside it and say what to do on which node, so that no session is refused.\n" +
    "finish [file]: put the next cookie into its place.",
  operands: ["[new|rotate|finish]", "[file]"],
  options: [
    CONFIG_OPTION,
    ...configOptions(["node.cookie_file", "node.cookie", "node.cookie_weak"]),
  ],
  examples: [
    "snow-node cookie",
    "snow-node cookie new ./snow.cookie",
    "snow-node cookie rotate /etc/snow/cookie",
  ],
  async run(args, world) {
    const [action, file] = args.operands;
    if (action === undefined) {
      const cookies = loadCookies(await configure(args, world), world.files, world.entropy);
      world.terminal.write(`${cookies.source}\n`);
      return 0;
    }
    const path = file === undefined ? homeCookiePath(world.files) : absolute(file, world);
    if (action === "new") return made(path, world);
    if (action === "rotate") return rotate(path, world);
    if (action === "finish") return finish(path, world);
    throw usage(`expected new, rotate or finish, got ${JSON.stringify(action)}`);
  },
};

function made(path: string, world: World): number {
  create(path, world);
  world.terminal.write(`${path}\n`);
  return 0;
}

function rotate(path: string, world: World): number {
  const next = `${path}.next`;
  if (world.files.mode(path) === undefined) throw missing(path);
  create(next, world);
  world.terminal.write(
    [
      `${next} is made. Copy it to every node, then, one node after the other, restart:`,
      `  1. every node with   cookie_file = ["${path}", "${next}"]   (proves the old one, accepts both)`,
      `  2. every node with   cookie_file = ["${next}", "${path}"]   (proves the new one, accepts both)`,
      `  3. snow-node cookie finish ${path}   on every host, and every node with   cookie_file = "${path}"`,
      "",
    ].join("\n"),
  );
  return 0;
}

function finish(path: string, world: World): number {
  const next = `${path}.next`;
  if (world.files.mode(next) === undefined) throw missing(next);
  world.folders.rename(next, path);
  world.terminal.write(`${path} holds the new cookie\n`);
  return 0;
}

function create(path: string, world: World): void {
  if (world.files.mode(path) !== undefined) {
    throw new ConfigError(
      "cookie_file",
      `cookie: ${path}: is there already, and nothing is written over a cookie`,
    );
  }
  try {
    world.files.create(path, `${makeCookie(world.entropy)}\n`, OWNER_READS);
  } catch (cause) {
    throw new ConfigError("cookie_file", `cookie: ${path}: cannot be made`, { cause });
  }
}

function missing(path: string): ConfigError {
  return new ConfigError("cookie_file", `cookie: ${path}: expected a cookie file, got none`);
}

function absolute(path: string, world: World): string {
  return path.startsWith("/") ? path : `${world.directory}/${path}`;
}
