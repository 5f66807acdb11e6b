/** The client of rooms, for browsers and for anything else with a WebSocket: no dependencies, one module. */
export {
  connect,
  type ConnectionState,
  RoomClient,
  type RoomClientOptions,
} from "./browser/room-client.ts";
export type {
  ClientRoom,
  Gap,
  MessageInfo,
  RoomHandlers,
  RoomJoin,
} from "./browser/client-room.ts";
export type { MemberInfo } from "./room/client-frame.ts";
