/** What `import … from "snow-node"` offers to an author of actors: the only barrel. */
export {
  CallError,
  DecodeError,
  EncodeError,
  LaneFullError,
  MessageTooLarge,
  MisuseError,
  SpawnError,
  StartError,
} from "./base/error.ts";
export type {
  AnyStartable,
  ArgsOf,
  Caller,
  Context,
  Definition,
  GlobalNames,
  Group,
  Groups,
  Log,
  MessageOf,
  Name,
  Node,
  NodeView,
  PidOf,
  Place,
  ProcessFunction,
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
export { define, named } from "./process/registry.ts";
export {
  Down,
  Exit,
  NameConflict,
  NodeDown,
  NodeUp,
  type SystemMessage,
} from "./process/system-message.ts";
export { Pid } from "./term/pid.ts";
export { Ref } from "./term/ref.ts";
export { decode, encode, struct } from "./term/stf.ts";
