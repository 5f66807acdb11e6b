/** What to answer to a handshake that asks (D9), given the session there is, if any. Pure. */
import type { ProtocolErrorCode } from "../base/error.ts";
import type { Live } from "./live.ts";
import type { DecisionRequest } from "./session-io.ts";

/** Milliseconds after a commit within which the peer may not know of it: it is not taken to have given the session up. */
const COMMIT_SETTLES_MS = 1_000;

export type Decision =
  /** Go on, offering to resume the session there is. */
  | { readonly kind: "admit"; readonly resume: Uint8Array | undefined }
  /** As arbiter: this is the session; `over`: the one before ended, since the peer gave it up. */
  | { readonly kind: "commit"; readonly session: Uint8Array; readonly over: boolean }
  | { readonly kind: "refuse"; readonly code: ProtocolErrorCode; readonly text: string }
  /** Another incarnation of the name: ask the old one for a sign of life first. */
  | { readonly kind: "ping" }
  /** Another incarnation has proved itself and the old one has no connection: the old session is over, then ask again. */
  | { readonly kind: "restarted" };

export function decide(request: DecisionRequest, live: Live | undefined): Decision {
  const { stage, fresh, peer } = request;
  if (live === undefined) {
    return stage === "commit"
      ? { kind: "commit", session: fresh, over: false }
      : { kind: "admit", resume: undefined };
  }
  if (peer.hello.creation !== live.info.peer.creation) {
    if (live.control !== undefined) return { kind: "ping" };
    return request.authenticated ? { kind: "restarted" } : { kind: "admit", resume: undefined };
  }
  const { id } = live.info;
  if (stage === "admit") return { kind: "admit", resume: id };
  const since = live.control?.since;
  const resumes = peer.resume !== undefined && sameId(peer.resume, id);
  if (since !== undefined) {
    const isOlder = request.startedAt <= since;
    const isUnaware = !resumes && request.startedAt < since + COMMIT_SETTLES_MS;
    if (isOlder || isUnaware) {
      const text = `${peer.hello.name} and this node are connected since this connection began`;
      return { kind: "refuse", code: "already_connected", text };
    }
  }
  return resumes
    ? { kind: "commit", session: id, over: false }
    : { kind: "commit", session: fresh, over: true };
}

/** Session ids are no secrets: an ordinary comparison will do. */
export function sameId(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
