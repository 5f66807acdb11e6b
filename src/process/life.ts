/** Where a process stands in its life, and what it waits for. Small numbers: they are read with every message. */

/** Has not had its first turn. */
export const LIFE_STARTING = 0;
export const LIFE_RUNNING = 1;
/** Told to end, or returned; still holds its names. */
export const LIFE_EXITING = 2;
/** Released: its names are free, and links and monitors have been told. */
export const LIFE_DEAD = 3;

/** Not in `receive`. */
export const WAIT_NONE = 0;
/** In `receive` for any message, with nothing queued: a delivery resumes it. */
export const WAIT_DIRECT = 1;
/** In `receive` for any message, and has to be given a turn. */
export const WAIT_PLAIN = 2;
/** `wait` says for which messages, and until when. */
export const WAIT_SELECTIVE = 3;
/** A behaviour's loop takes the messages by direct calls. */
export const WAIT_LOOP = 4;
