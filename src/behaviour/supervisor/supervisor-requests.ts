import { unreachable } from "../../base/assert.ts";
import type { Asked, Child, Children } from "./children.ts";
import type { ChildPolicy, SupervisorRefusal } from "./supervision-io.ts";

/** What a supervisor is busy with: requests that would change the order of things wait for the end of a sequence. */
export interface Business<S, F> {
  readonly isExiting: boolean;
  readonly isInSequence: boolean;
  /** Keeps the request for when no sequence runs. */
  defer(asked: Asked<S, F>): void;
}

/**
 * Carries out what a supervisor was asked for, refuses it, or keeps it until its child has settled. `terminate_child` is never
 * kept: it also ends a start that hangs and a row of restarts. Source: OTP supervisor, handle_call.
 */
export function handleRequest<S extends ChildPolicy, P, F>(
  children: Children<S, P, F>,
  business: Business<S, F>,
  asked: Asked<S, F>,
): void {
  const { request, from } = asked;
  const child = children.find(request.kind === "start_child" ? request.spec.id : request.id);
  const refuse = (code: SupervisorRefusal): void => children.reply(from, { kind: "refused", code });
  if (business.isExiting && request.kind !== "terminate_child") return refuse("stopping");
  switch (request.kind) {
    case "start_child":
      if (child?.state === "running") return refuseStarted(children, child, from);
      if (child === undefined && business.isInSequence) return business.defer(asked);
      if (child === undefined)
        return children.start(children.add(request.spec, true), {
          isRestart: false,
          starter: from,
        });
      if (isInTransit(child)) return void child.deferred.push(asked);
      return refuse(child.state === "stopped" ? "already_present" : "restarting");
    case "restart_child":
      if (child === undefined) return refuse("not_found");
      if (child.state === "running") return refuse("running");
      if (isInTransit(child)) return void child.deferred.push(asked);
      if (child.state !== "stopped") return refuse("restarting");
      if (business.isInSequence) return business.defer(asked);
      return children.start(child, { isRestart: false, starter: from });
    case "delete_child":
      if (child === undefined) return refuse("not_found");
      if (isInTransit(child)) return void child.deferred.push(asked);
      if (child.state !== "stopped")
        return refuse(child.state === "running" ? "running" : "restarting");
      children.remove(child);
      return children.reply(from, { kind: "done" });
    case "terminate_child":
      if (child === undefined) return refuse("not_found");
      child.terminators.push(from);
      return children.stop(child);
    default:
      return unreachable(request);
  }
}

function refuseStarted<S extends ChildPolicy, P, F>(
  children: Children<S, P, F>,
  child: Child<S, P, F>,
  from: F,
): void {
  children.reply(from, { kind: "refused", code: "already_started", pid: child.pid! });
}

/** Between two states by somebody's request: what it will be is soon known. A restart in progress is not: it may take for ever. */
function isInTransit<S extends ChildPolicy, P, F>(child: Child<S, P, F>): boolean {
  return child.state === "stopping" || (child.state === "starting" && !child.isRestart);
}
