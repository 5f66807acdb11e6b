import { ConfigError } from "../../base/error.ts";
import { parseNodeName } from "../../config/node-name.ts";
import { usage, valueOf, type Arguments } from "../arguments.ts";
import type { Verb } from "../verb.ts";
import type { KeyPair, World } from "../world.ts";

const OWNER_READS = 0o400;
const ALL_READ = 0o444;

/** Days that certificates last unless told otherwise: a node's are renewed, the authority is not to be forgotten. */
const CA_DAYS = 3_650;
const NODE_DAYS = 365;
const DAYS_MAX = 36_500;

/** Certificates for `tls.mode = "ca"`, for those who have no authority of their own. */
export const cert: Verb = {
  name: "cert",
  summary: 'Make an authority and certificates of nodes for tls.mode = "ca".',
  about:
    "ca [name]: an authority, ca.pem and ca-key.pem. Whoever has its key can make nodes of the cluster: keep it off them.\n" +
    "node name@host: a certificate and a key for a node, signed by the authority in the same folder; it stands for the\n" +
    "node's host, and for every --host. Nothing is ever written over; keys can be read by their owner only.",
  operands: ["[ca|node]", "[name]"],
  options: [
    {
      name: "--out",
      value: "FOLDER",
      doc: "Where to put the files; made if it is missing. Default: the working directory.",
    },
    {
      name: "--ca",
      value: "FOLDER",
      doc: "Where ca.pem and ca-key.pem are. Default: the folder of --out.",
    },
    {
      name: "--host",
      value: "HOST",
      list: true,
      doc: "A further host name or address that a node's certificate stands for.",
    },
    {
      name: "--days",
      value: "DAYS",
      doc: `How long it is valid. Default: ${CA_DAYS} for an authority, ${NODE_DAYS} for a node.`,
    },
  ],
  examples: [
    "snow-node cert ca --out .",
    "snow-node cert node a@db1.example --host 10.0.0.1 --ca /srv/authority --out /etc/snow",
  ],
  async run(args, world) {
    const [what, name] = args.operands;
    if (what === "ca") return makeCa(args, world, name ?? "snow-node");
    if (what === "node" && name !== undefined) return makeNode(args, world, name);
    throw usage(
      what === "node"
        ? "cert node: expected name@host, got none"
        : `cert: expected ca or node, got ${what === undefined ? "none" : JSON.stringify(what)}`,
    );
  },
};

async function makeCa(args: Arguments, world: World, name: string): Promise<number> {
  const folder = folderOf(args, "--out", world) ?? world.directory;
  const places = { cert: `${folder}/ca.pem`, key: `${folder}/ca-key.pem` };
  refuseOverwrite(places, world);
  const pair = await world.certificates.createCa({ name, days: daysOf(args, CA_DAYS) });
  write(folder, places, pair, world);
  return 0;
}

async function makeNode(args: Arguments, world: World, text: string): Promise<number> {
  const node = parseNodeName(text);
  if (node === undefined) throw usage(`cert node: expected name@host, got ${JSON.stringify(text)}`);
  const folder = folderOf(args, "--out", world) ?? world.directory;
  const authority = folderOf(args, "--ca", world) ?? folder;
  const places = { cert: `${folder}/${node.name}.pem`, key: `${folder}/${node.name}-key.pem` };
  refuseOverwrite(places, world);
  const ca = {
    cert: read(`${authority}/ca.pem`, world),
    key: read(`${authority}/ca-key.pem`, world),
  };
  const hosts = [...new Set([node.host, ...(args.options.get("--host") ?? [])])];
  const days = daysOf(args, NODE_DAYS);
  const pair = await issue(world, ca, { name: node.name, hosts, days });
  write(folder, places, pair, world);
  return 0;
}

async function issue(
  world: World,
  ca: KeyPair,
  options: { readonly name: string; readonly hosts: readonly string[]; readonly days: number },
): Promise<KeyPair> {
  try {
    return await world.certificates.issueCertificate(ca, options);
  } catch (cause) {
    const { message } = cause as Error;
    throw new ConfigError("certificate_file", `cert: the authority is not sound: ${message}`, {
      cause,
    });
  }
}

/** `folder`, where the places are, is made if it is missing. */
function write(folder: string, places: KeyPair, pair: KeyPair, world: World): void {
  attempt(folder, () => world.folders.make(folder));
  for (const [path, text, mode] of [
    [places.key, pair.key, OWNER_READS],
    [places.cert, pair.cert, ALL_READ],
  ] as const) {
    attempt(path, () => world.files.create(path, text.endsWith("\n") ? text : `${text}\n`, mode));
  }
  world.terminal.write(`${places.cert}\n${places.key}\n`);
}

function attempt(path: string, make: () => void): void {
  try {
    make();
  } catch (cause) {
    const text = `cert: ${path}: cannot be made: ${(cause as Error).message}`;
    throw new ConfigError("certificate_file", text, { cause });
  }
}

/** Both are looked at before either is made. */
function refuseOverwrite(places: KeyPair, world: World): void {
  for (const path of [places.cert, places.key]) {
    if (world.files.mode(path) === undefined) continue;
    const text = `cert: ${path}: is there already, and nothing is written over a certificate or a key`;
    throw new ConfigError("certificate_file", text);
  }
}

function read(path: string, world: World): string {
  if (world.files.mode(path) === undefined) {
    const text = `cert: ${path}: expected an authority, got none (snow-node cert ca)`;
    throw new ConfigError("certificate_file", text);
  }
  return world.files.readText(path);
}

function folderOf(args: Arguments, option: string, world: World): string | undefined {
  const path = valueOf(args, option);
  if (path === undefined) return undefined;
  const absolute = path.startsWith("/") ? path : `${world.directory}/${path}`;
  return absolute.length > 1 && absolute.endsWith("/") ? absolute.slice(0, -1) : absolute;
}

function daysOf(args: Arguments, preset: number): number {
  const text = valueOf(args, "--days");
  if (text === undefined) return preset;
  const days = Number(text);
  if (!/^[0-9]+$/.test(text) || days < 1 || days > DAYS_MAX) {
    throw usage(`--days: expected days from 1 to ${DAYS_MAX}, got ${JSON.stringify(text)}`);
  }
  return days;
}
