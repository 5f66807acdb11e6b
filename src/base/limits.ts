/**
 * Every limit of snow-node, with its unit and its reason. The ones an operator may change are `[limits]` in cluster.toml.
 */

/** Bytes of one frame before the peer is authenticated: a HELLO with two long names fits ten times over. */
export const FRAME_BYTES_BEFORE_AUTH_MAX = 4 * 1024;

/** Bytes of payload of one frame of a session: bounds what a peer makes us hold before we can look at it. */
export const FRAME_BYTES_MAX = 64 * 1024;

/** Bytes of one message: what a process may send at once; larger is a file, not a message. */
export const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

/** Characters of a peer's reason that the message of an error repeats: a line or two; the whole is in its `reason`. */
export const REASON_CHARS_SHOWN = 400;

/** Levels of nesting in a term: deeper ones would need a deep stack to walk. */
export const TERM_DEPTH_MAX = 256;

/** Bytes of one fragment of a large message: at 1 Gbit/s a small message waits at most 0.5 ms behind one. */
export const FRAGMENT_BYTES = 64 * 1024;

/** Connections that have not authenticated yet; over it the oldest is closed. */
export const UNAUTHENTICATED_MAX = 1_024;

/** The same from one address, so that one host cannot use up all places. */
export const UNAUTHENTICATED_PER_ADDRESS_MAX = 64;

/** Milliseconds from TCP accept or dial until COMMIT: a total, so that dripping bytes gains nothing. */
export const HANDSHAKE_MS_MAX = 7_000;

/** Bytes queued on a lane above which its senders pause at their next receive. */
export const LANE_HIGH_WATER_BYTES = 1024 * 1024;

/** Bytes queued on a lane above which `send` throws `LaneFullError`. */
export const LANE_HARD_BYTES = 64 * 1024 * 1024;

/** Bytes over the hard limit, for system signals, after which the session ends with `lane_overrun`. */
export const LANE_OVERRUN_BYTES = 64 * 1024 * 1024;

/**
 * Bytes that a scheduler holds for another one of its node that does not take them, from all lanes that end on it; then
 * the lanes that bring more are not read until half of it is worked off. Enough for two busy threads to miss each other by
 * 20 ms, little enough for a node to stay small.
 */
export const RELAY_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes queued on all lanes of a node. */
export const LANES_BYTES_MAX = 512 * 1024 * 1024;

/** Bytes written to a socket and not acknowledged yet: what a resume has to replay at most, and 640 Mbit/s over 100 ms. */
export const LANE_UNACKED_BYTES_MAX = 8 * 1024 * 1024;

/** The same where bytes only queue: enough for a scheduler to be busy until more comes, some milliseconds for what is behind them. */
export const LANE_WINDOW_BYTES_MIN = 1024 * 1024;

/** Bytes of an exit reason in EXIT and DOWN; a longer one becomes `{ truncated: bytes }`. */
export const REASON_BYTES_MAX = 64 * 1024;

/** Schedulers of a node: 6 bits of a pid, 0 is the control thread. */
export const SCHEDULERS_MAX = 63;

/** Nodes known at once: 16 bits of `pid.bits`. */
export const NODES_MAX = 65_535;

/** Names registered on one node: the size of the table in shared memory. */
export const NAMES_MAX = 65_536;

/** Global names known to one node: half the places of the table in shared memory. */
export const GLOBAL_NAMES_MAX = 131_072;

/** Processes elsewhere of whose end a scheduler heard last: their global names take a moment longer to go. */
export const ENDED_PIDS_MAX = 4_096;

/** Nodes that one peer may tell of in a session: more than a cluster in which all are connected to all can have. */
export const HEARD_NODES_MAX = 4_096;

/** Dials at a time of nodes that peers told of and nobody here needs: a newcomer finds a usual cluster at once. */
export const HEARD_DIALS_MAX = 32;

/** Milliseconds that a function may take to decide which of two holders of a global name keeps it. */
export const NAME_CONFLICT_MS = 5_000;

/** Milliseconds that a running session survives without its sockets. */
export const SESSION_GRACE_MS = 5_000;

/** Milliseconds between ticks on a silent control connection. */
export const TICK_INTERVAL_MS = 60_000;

/** Milliseconds of silence after a tick interval until the peer is given up. */
export const TICK_TIMEOUT_MS = 15_000;

/** Milliseconds that a caller waits for an answer unless it says otherwise. */
export const CALL_MS = 5_000;

/** Characters of a node's name, `name@host`: a DNS name has at most 253. */
export const NODE_NAME_CHARS_MAX = 255;

/** Characters of a registered name, a group or a function. */
export const NAME_CHARS_MAX = 255;

/** Messages that one process may take before the next one runs. */
export const REDUCTIONS = 2_000;

/** Milliseconds a scheduler runs processes before it lets I/O run. */
export const SLICE_MS = 1;

/**
 * The same after I/O that took longer than that: processes run for as long as I/O did, so that what arrives does not
 * pile up in mailboxes, but not for longer than a round trip may wait.
 */
export const SLICE_MS_MAX = 10;

/** Strings in a term dictionary (one per lane and direction): the field values and names that keep coming back. */
export const TERM_STRINGS_MAX = 1_024;

/** Object shapes in a term dictionary: more than a program has kinds of messages. */
export const TERM_SHAPES_MAX = 1_024;

/** Node incarnations in a term dictionary. */
export const TERM_NODES_MAX = 4_096;

/** Bytes of text of all entries of a term dictionary: bounds what a peer makes a lane remember. */
export const TERM_DICTIONARY_BYTES_MAX = 512 * 1024;

/** Keys of an object that is written as a shape; one with more is data, not a record. */
export const TERM_SHAPE_KEYS_MAX = 64;

/** Bytes of the keys of a shape: both sides remember shapes, so they are short. */
export const TERM_SHAPE_BYTES_MAX = 4 * 1024;

/** Bytes of a bigint's magnitude: the engine's own limit is 2^20 bits. */
export const TERM_BIGINT_BYTES_MAX = 128 * 1024;

/** Times that one process may be in one group: more is a loop that never leaves. */
export const GROUP_JOINS_MAX = 1_000;
/** Characters of a room's name: the names of rooms travel with every message. */
export const ROOM_NAME_CHARS_MAX = 255;

/** Bytes of one message published in a room: it goes to many, so it is short; larger things go by URL. */
export const ROOM_MESSAGE_BYTES_MAX = 256 * 1024;

/** Sockets that one message may except: it travels with all their ids. */
export const ROOM_EXCEPT_MAX = 1_024;

/**
 * Bytes of one frame about a room: the longest message, with all the ids that it may except and the room's name, and some to
 * spare. `limits.message` is never below it, so that rooms work however it is set on either side.
 */
export const ROOM_FRAME_BYTES_MAX = 320 * 1024;

/** Origins that a cursor names, more than a cluster has schedulers; those that it leaves out are told by age. */
export const ROOM_ORIGINS_MAX = 4_096;

/** Messages that an origin keeps of one room, for those who come back: a minute at 16 a second. */
export const ROOM_WINDOW_MESSAGES = 1_024;

/** Bytes of them. */
export const ROOM_WINDOW_BYTES = 512 * 1024;

/** Bytes that a scheduler keeps of all rooms; over it the rooms that were silent for longest are forgotten. */
export const ROOM_WINDOWS_BYTES_MAX = 64 * 1024 * 1024;

/** Milliseconds without a message after which nothing of a room is kept. */
export const ROOM_WINDOW_MS = 120_000;

/** Rooms whose last number is remembered when their messages are not: a name and a number each. */
export const ROOM_LASTS_MAX = 100_000;

/** Milliseconds that a join waits for the schedulers of other nodes: a stuck one must not hold up a client. */
export const ROOM_ANSWER_MS = 2_000;

/** Milliseconds that a client which came back waits for a node that is not connected, until it is told of a gap. */
export const ROOM_RESUME_MS = 4_000;

/** Milliseconds that an origin may be out of reach until those in its rooms are told of a gap. */
export const ROOM_LOST_MS = 10_000;

/** Milliseconds that the last numbers of a node that stopped in order are remembered. */
export const ROOM_ENDED_MS = 60_000;

/** Bytes of one message from a client. Cursors of 256 rooms fit. */
export const SOCKET_PAYLOAD_BYTES_MAX = 128 * 1024;

/** Rooms that one socket may be in. */
export const SOCKET_ROOMS_MAX = 256;

/** Joins, leaves and publishes that a client may do in a second, and at once. */
export const SOCKET_REQUESTS_PER_SECOND = 50;
export const SOCKET_REQUESTS_BURST = 300;

/** Refused requests in a row after which a client that does not slow down is closed. */
export const SOCKET_REFUSALS_MAX = 200;

/** Requests of a client that may wait behind one whose permission is looked up. */
export const SOCKET_WAITING_MAX = 1_000;

/** Bytes of what it wants to publish with them: what a client may make a node keep while a database is slow. */
export const SOCKET_WAITING_BYTES_MAX = 1024 * 1024;

/** Sockets from one address on one scheduler: a household, an office; more behind a proxy, which is configured. */
export const SOCKETS_PER_ADDRESS_MAX = 1_024;

/** Sockets on one scheduler. */
export const SOCKETS_MAX = 100_000;

/** Bytes that wait for a socket from which it counts as slow and leaves the fast path. */
export const SOCKET_SLOW_BYTES = 256 * 1024;

/** Bytes that may wait for a socket at all; over it, it is closed. */
export const SOCKET_BACKLOG_BYTES_MAX = 8 * 1024 * 1024;

/** Milliseconds that a client of rooms has to introduce itself. */
export const SOCKET_HELLO_MS = 5_000;

/** Milliseconds of silence after which a socket is pinged. */
export const SOCKET_IDLE_MS = 60_000;

/** Milliseconds over which the clients of a node that stops are spread when they move to another. */
export const MOVE_JITTER_MS = 800;

/** Milliseconds that a node which stops waits for its clients to move; its schedulers have 2 s to stop in all. */
export const MOVE_MS_MAX = 1_500;

/** Bytes of what a member of a room shows of itself: every node and every watcher holds it. */
export const PRESENCE_BYTES_MAX = 4 * 1024;
