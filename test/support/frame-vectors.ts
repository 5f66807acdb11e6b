import { Identities } from "../../src/term/identities.ts";
import {
  encodeControlMessage,
  encodeControlReady,
  encodeSessionEnd,
  encodeSuspect,
  encodeTick,
  type ControlMessage,
} from "../../src/wire/control-message.ts";
import { encodeHello } from "../../src/wire/handshake-message.ts";
import { encodeNameEntry, type NameEntry } from "../../src/wire/name-entry.ts";
import { encodeNames, type NamesMessage } from "../../src/wire/names-message.ts";
import { HandshakePair, makeHello } from "./handshake-pair.ts";
import { laneHandshake } from "./lane-handshake-pair.ts";
import { LanePair } from "./pair.ts";
import { everySignal } from "./signals.ts";

/** One control message of every kind. */
export const CONTROL_MESSAGES: readonly ControlMessage[] = [
  { kind: "peers", peers: [{ name: "c@host", address: { host: "10.0.0.3", port: 4369 } }] },
  { kind: "peers", peers: [] },
  {
    kind: "functions",
    functions: [
      { name: "counter", version: "2" },
      { name: "app", version: "" },
    ],
  },
  { kind: "query", id: 7, verb: "ps", term: { limit: 10 } },
  { kind: "query", id: 8, verb: "status", term: null },
  { kind: "answer", id: 7, ok: true, term: [{ pid: "x", mailbox: 3 }] },
  { kind: "answer", id: 8, ok: false, term: "no such verb" },
  { kind: "goodbye", reason: "shutdown", lastFrames: [0, 2 ** 40] },
  { kind: "stop" },
];

/** One record about global names of every kind. */
export const NAMES_MESSAGES: readonly NamesMessage[] = [
  { kind: "claim", claim: 1, name: "leader", local: 7, fence: 2 ** 49 + 1, replace: false },
  { kind: "yes", claim: 1, seen: 2 ** 49, holds: undefined },
  { kind: "yes", claim: 2, seen: 2 ** 49, holds: { local: 9, claimed: 5 } },
  { kind: "no", claim: 1, local: 9, fence: 3 },
  { kind: "withdraw", claim: 1 },
  { kind: "confirm", mark: 4 },
  { kind: "confirmed", mark: 4 },
  { kind: "yield", name: "leader", local: 9, claimed: 5 },
  {
    kind: "settle",
    conflict: 6,
    name: "leader",
    local: 9,
    held: 3,
    other: 7,
    verdict: "exit",
    fence: 2 ** 49 + 2,
  },
  { kind: "settled", conflict: 6, ok: true },
  {
    kind: "request",
    request: 8,
    verb: "reregister",
    name: "leader",
    creation: 2 ** 40,
    local: 7,
    fence: 0,
    several: true,
    timeoutMs: 5_000,
    rule: { run: "choose" },
  },
  { kind: "cancel", request: 8 },
  { kind: "reply", request: 8, problem: undefined, fence: 2 ** 49 + 3, holder: undefined },
  {
    kind: "reply",
    request: 9,
    problem: "name_taken",
    fence: 0,
    holder: { node: "b@host", creation: 2, local: 9 },
  },
];

/** Entries of the table of global names. */
export const NAME_ENTRIES: readonly NameEntry[] = [
  { claimed: 2 ** 49, fence: 2 ** 49 + 1, rule: "exit_loser", replaces: [] },
  {
    claimed: 5,
    fence: 6,
    rule: { run: "choose" },
    replaces: [{ node: "b@host", local: 9, claimed: 5 }],
  },
];

/** A frame or message of every kind by a name that says what it is, made from nothing but constants. */
export function frameVectors(): ReadonlyMap<string, Uint8Array> {
  const vectors = new Map<string, Uint8Array>();
  const pair = new HandshakePair("a@host", "b@host").drive();
  const names = [
    "HELLO of the dialler",
    "HELLO of the acceptor",
    "PROOF of the dialler",
    "PROOF of the acceptor",
    "COMMIT",
  ];
  pair.delivered.forEach(({ bytes }, index) => vectors.set(names[index]!, bytes));
  vectors.set("lane key of that session", pair.dialler.established!.laneKey);
  vectors.set(
    "HELLO without an address",
    encodeHello({ ...makeHello("tool@host"), address: undefined, lanePorts: [], hidden: true }),
  );
  const refused = new HandshakePair("a@host", "b@host", { cookies: [new Uint8Array(32)] }).drive();
  vectors.set("REFUSE bad_digest", refused.acceptor.sent.at(-1)!);
  const refuses = {
    answer: () => ({ kind: "refuse", code: "name_taken", text: "taken" }) as const,
  };
  const taken = new HandshakePair("a@host", "b@host", {}, refuses).drive();
  vectors.set("REFUSE name_taken, proved", taken.acceptor.sent.at(-1)!);
  for (const [name, bytes] of laneHandshake()) vectors.set(name, bytes);
  vectors.set("CONTROL_READY", encodeControlReady(2 ** 40 + 3));
  vectors.set(
    "TICK",
    encodeTick({ probe: true, stamp: 1_000, echo: 999, fence: 7, lagMs: [0, 150] }),
  );
  vectors.set("SUSPECT", encodeSuspect(2));
  vectors.set("SESSION_END", encodeSessionEnd("shutdown", "bye"));
  for (const [index, message] of CONTROL_MESSAGES.entries()) {
    vectors.set(`control message ${index + 1}: ${message.kind}`, encodeControlMessage(message));
  }
  for (const [index, message] of NAMES_MESSAGES.entries()) {
    vectors.set(`names record ${index + 1}: ${message.kind}`, encodeNames([message]));
  }
  for (const [index, entry] of NAME_ENTRIES.entries()) {
    vectors.set(`entry of a name ${index + 1}`, encodeNameEntry(entry));
  }
  for (const [name, bytes] of laneFrames()) vectors.set(name, bytes);
  return vectors;
}

/** DATA frames of a lane: each signal alone, then what only lanes have. */
function* laneFrames(): Generator<[name: string, bytes: Uint8Array]> {
  for (const [index, signal] of everySignal(new Identities("a@host", 1)).entries()) {
    const pair = new LanePair();
    pair.a.lane.send(signal);
    pair.write(pair.a);
    yield [`DATA with signal ${index + 1}: ${signal.kind}`, pair.a.wire];
  }
  const pair = new LanePair({ fragmentBytes: 64 });
  pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), "first");
  pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), "again");
  pair.write(pair.a);
  yield ["DATA with two messages of one pair", pair.a.wire];
  pair.deliver(pair.a);
  pair.now = 20;
  pair.b.lane.handleTimeout(20);
  pair.write(pair.b);
  yield ["ACK", pair.b.wire];
  pair.deliver(pair.b);
  pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), new Uint8Array(150).fill(0xab));
  pair.write(pair.a);
  yield ["DATA with three fragments of one message", pair.a.wire];
}
