import type { Identities } from "../../src/term/identities.ts";
import type { WireSignal } from "../../src/wire/signals/wire-signal.ts";

/** One signal of every kind and form, between processes of `a@host` (the sender) and `b@host`. */
export function everySignal(identities: Identities): readonly WireSignal[] {
  const from = identities.pid(identities.nodeRef("a@host", 1), 2 ** 42 + 1);
  const to = identities.pid(identities.nodeRef("b@host", 2), 2 * 2 ** 42 + 9);
  const ref = identities.ref(identities.nodeRef("a@host", 1), 2 ** 42 + 5);
  const name = { name: "bank", node: "b@host" };
  const plain = { link: false, monitor: false, name: undefined, mailboxMax: undefined };
  const full = { link: true, monitor: true, name: "acme", mailboxMax: 1_000 };
  const child = { fence: 2 ** 50 + 3, leaseMs: 80_000, shutdownMs: 5_000 };
  const request = {
    kind: "spawn_request",
    from,
    ref,
    node: "b@host",
    functionName: "counter",
  } as const;
  return [
    { kind: "message", from, to, message: { type: "add", by: 1 } },
    { kind: "message", from: undefined, to, message: [from, ref, undefined] },
    { kind: "message_named", from, ...name, message: "hello" },
    { kind: "message_named", from: undefined, ...name, message: null },
    { kind: "multicast", from, node: name.node, service: 1, topic: "a group", message: [1] },
    { kind: "exit", from, to, reason: "shutdown" },
    { kind: "link", from, to },
    { kind: "unlink", from, to, id: 2 ** 40 },
    { kind: "unlink_ack", from, to, id: 1 },
    { kind: "link_exit", from, to, reason: { shutdown: 5 } },
    { kind: "monitor", from, to, ref },
    { kind: "monitor_named", from, ...name, ref },
    { kind: "demonitor", from, to, ref },
    { kind: "demonitor", from, to: name, ref },
    { kind: "down", from, to, ref, target: from, reason: "normal" },
    { kind: "down", from: undefined, to, ref, target: name, reason: "noproc" },
    { ...request, scheduler: 2, args: [1, "two"], options: plain },
    { ...request, scheduler: "spread", args: [], options: full },
    { ...request, scheduler: 1, args: [], options: { ...plain, link: true, child } },
    { kind: "spawn_reply", from: to, to: from, ref, result: { ok: true, pid: to } },
    { kind: "spawn_reply", from: undefined, to: from, ref, result: { ok: false, code: "undef" } },
    { kind: "room", from: undefined, to: 0, body: new Uint8Array([1, 2, 3]) },
    { kind: "room_control", from: undefined, to: 2, body: new Uint8Array([4]) },
  ];
}
