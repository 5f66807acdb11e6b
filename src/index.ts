/** What `import … from "snow-node"` offers to an author of actors: the only barrel. */
export {
  CallError,
  ConfigError,
  ConnectionError,
  DecodeError,
  EncodeError,
  LaneFullError,
  MessageTooLarge,
  MisuseError,
  NameError,
  SpawnError,
  StartError,
} from "./base/error.ts";
export { child } from "./behaviour/supervisor/child.ts";
export type { PlacementFunction, PlacementView } from "./behaviour/supervisor/placement.ts";
export type {
  AutoShutdown,
  Backoff,
  RestartType,
  Strategy,
} from "./behaviour/supervisor/restart.ts";
export { defineServer } from "./behaviour/server/server.ts";
export type {
  CallContext,
  CallMessage,
  CastMessage,
  Client,
  Failure,
  From,
  Protocol,
  Server,
  ServerContext,
  Stop,
} from "./behaviour/server/server-api.ts";
export { fail, reply, stop } from "./behaviour/server/server-message.ts";
export { defineSupervisor } from "./behaviour/supervisor/supervisor.ts";
export type {
  Child,
  ChildCounts,
  ChildInfo,
  ChildSpec,
  Supervisor,
  SupervisorBehaviour,
} from "./behaviour/supervisor/supervisor-api.ts";
export { task, type TaskOptions } from "./behaviour/task.ts";
export { defineWeb, type Web, type WebUrl } from "./behaviour/web/web.ts";
export type {
  AnyStartable,
  ArgsOf,
  Caller,
  ConflictFunction,
  Context,
  Definition,
  GlobalNames,
  Group,
  GroupMonitor,
  Groups,
  Log,
  MessageOf,
  Monitored,
  Name,
  Node,
  NodeView,
  OnConflict,
  PidOf,
  Place,
  ProcessFunction,
  ProcessGroups,
  RegisterOptions,
  Requires,
  SpawnOptions,
  Startable,
  StartOptions,
  Target,
  UntypedTarget,
  UserMessage,
  Wait,
} from "./process/api.ts";
export { type ExitReason, ProcessExit } from "./process/exit-reason.ts";
export { group } from "./process/group.ts";
export { define, named } from "./process/registry.ts";
export type {
  JoinOptions,
  PublishOptions,
  Room,
  RoomMember,
  Rooms,
  SlowPolicy,
  Socket,
  SocketCallbacks,
  SocketId,
  SocketMessage,
  SocketProcess,
  WebAddress,
  WebBehaviour,
  WebContext,
  WebLimits,
} from "./process/room-api.ts";
export {
  Down,
  Exit,
  GroupChange,
  NameConflict,
  NodeDown,
  NodeUp,
  RoomChange,
  type SystemMessage,
} from "./process/system-message.ts";
export type { NodeOptions } from "./program/options.ts";
export { startNode } from "./program/start-node.ts";
export { room } from "./room/process-rooms.ts";
export { Pid } from "./term/pid.ts";
export { Ref } from "./term/ref.ts";
export { decode, encode } from "./term/stf.ts";
export { struct } from "./term/struct.ts";
