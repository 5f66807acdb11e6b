import { mutant, type Mutant } from "./mutant.ts";

const SESSION = "src/session/session.ts";
const RUNNING = "src/session/running-session.ts";
const DECISION = "src/session/decision.ts";

/** Handshakes, control connections, resume, tick. */
export const sessions: readonly Mutant[] = [
  mutant(
    "each side decides in its own favour",
    "src/wire/node-name.ts",
    "return own > peer;",
    "return own !== peer;",
  ),
  mutant(
    "a newcomer takes a name without asking the older holder",
    DECISION,
    `if (live.control !== undefined) return { kind: "ping" };`,
    "",
  ),
  mutant(
    "any session that is offered is resumed",
    DECISION,
    "const resumes = peer.resume !== undefined && sameId(peer.resume, id);",
    "const resumes = true;",
  ),
  mutant(
    "a silent connection is never given up",
    "src/session/tick.ts",
    `return { state: { ...state, kind: "silent" }, directives: ["silent"] };`,
    "return { state, directives: [] };",
  ),
  mutant(
    "a lost control connection is not dialled again",
    "src/session/repair.ts",
    "if (dial.since === undefined && now >= live.controlDialAt) dial.start(address, now);",
    "",
  ),
  mutant(
    "the end of a session is not told to the peer",
    RUNNING,
    `if (this.live.control !== undefined) this.#emit({ kind: "send_end", reason, text });`,
    "",
  ),
  mutant(
    "a new session under the same creation keeps the old one's end for itself",
    SESSION,
    'else this.#end("session_over", `${this.#options.peer} made a new session`);',
    "",
  ),
  mutant(
    "a seed that is lost is not dialled any more",
    "src/cluster/dialling.ts",
    "if (entry.seed || entry.wanted) this.#dial(entry);",
    "if (entry.wanted) this.#dial(entry);",
  ),
  {
    name: "one silent client stops all joins",
    patches: [
      {
        file: "src/node/control/peers/gate.ts",
        from: "this.#admission.add(socket, remoteHost);",
        to: "if (this.#admission.size > 0) { incoming.cancel(); return socket; } this.#admission.add(socket, remoteHost);",
      },
      {
        file: "src/node/control/peers/handshake-socket.ts",
        from: 'this.drop(new ConnectionError("connection_timeout", "no connection and no TLS in time"));',
        to: "",
      },
      {
        file: "src/node/control/peers/handshake-socket.ts",
        from: "this.#handshake.handleTimeout(this.#deadline);",
        to: "",
      },
    ],
  },
  mutant(
    "a creation that never changes",
    "src/node/node-plan.ts",
    "const creation = Math.max(1, Math.floor(input.wall - EPOCH_2020_MS));",
    "const creation = 4_711;",
  ),
];
