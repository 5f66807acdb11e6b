/**
 * The rows of the semantics catalogue with priority 0 and 1 that concern processes and behaviours, by subject. Each is named in
 * the title of a test, or stands below with the reason why not. `npm run conformance` prints the state.
 */
export const ROWS: Readonly<Record<string, { readonly p0: string; readonly p1: string }>> = {
  identity: {
    p0: "ID-01 ID-02 ID-05 ID-07 ID-11",
    p1: "ID-04 ID-06 ID-12",
  },
  "sending and order": {
    p0: "SD-01 SD-03 SD-04 SD-06 SD-09 SD-10 SD-11 SD-12 SD-13 SD-14 SD-16 SD-18",
    p1: "SD-02 SD-05 SD-15 SD-17 SD-19 SD-20 SD-21",
  },
  "exit signals": {
    p0: "EX-02 EX-05 EX-06 EX-07 EX-08 EX-10 EX-14 EX-15",
    p1: "EX-03 EX-04 EX-11",
  },
  links: {
    p0: "LK-01 LK-03 LK-04 LK-05 LK-06 LK-09 LK-10 LK-11",
    p1: "LK-14",
  },
  monitors: {
    p0: "MO-01 MO-02 MO-04 MO-05 MO-08 MO-10 MO-11 MO-12 MO-16 MO-19 MO-24",
    p1: "MO-06 MO-07 MO-09 MO-14 MO-15 MO-20 MO-21 MO-22",
  },
  aliases: {
    p0: "AL-01 AL-02 AL-03 AL-04 AL-07",
    p1: "",
  },
  "spawning elsewhere": {
    p0: "SP-01 SP-02 SP-03 SP-05 SP-07 SP-08 SP-10 SP-13 SP-16 SP-17 SP-18",
    p1: "SP-09 SP-11 SP-12",
  },
  "node monitors": {
    p0: "NM-01 NM-02 NM-04 NM-05 NM-06 NM-13 NM-14 NM-16",
    p1: "NM-08",
  },
  rpc: {
    p0: "RP-02 RP-05 RP-07 RP-10 RP-11 RP-15",
    p1: "RP-08 RP-14 RP-20",
  },
  servers: {
    p0: "GS-02 GS-03 GS-04 GS-08 GS-09 GS-10 GS-11 GS-12 GS-14 GS-18",
    p1: "GS-06 GS-13 GS-15 GS-17 GS-21",
  },
  supervision: {
    p0: "SU-02 SU-04 SU-06 SU-07 SU-11 SU-12 SU-13 SU-15 SU-16 SU-21 SU-26 SU-30 SU-31 SU-32 SU-33",
    p1: "SU-10 SU-14 SU-17 SU-18 SU-22 SU-27 SU-28",
  },
};

/** Rows without a test, and why. */
export const NOT_TESTED: Readonly<Record<string, string>> = {
  "SD-12": "promises nothing: no test may assume an order between different pairs",
  "SD-20": "send has no options: it never waits, and a node that is not connected is dialled",
  "MO-21": "monitors carry no tag: a ref and a target tell them apart",
  "MO-24": "allows something that need not happen; calls guard against it with their alias (AL-03)",
  "SP-09": "spawnOn takes no monitor: it is set when the pid is known",
  "SP-11": "a spawn is given up by its abort signal or time-out, not by its ref (SP-12)",
  "NM-08": "sessions have numbers, but NodeUp and NodeDown do not show them",
  "RP-14": "promises and AbortSignal are the request collections of the language",
};
