/**
 * The rows of the semantics catalogue: ids with their priority and kind, by section. A row of priority 0 or 1 is named in the
 * title of a test, or stands in `not-covered.md` with the reason why not. `npm run conformance` prints the state.
 */

/** One row. Kinds: RACE, RAW (a peer by hand), PART (cut networks), TIME, LEAK (tables are looked at), SCALE. */
export interface Row {
  readonly id: string;
  readonly section: string;
  readonly subject: string;
  readonly priority: 0 | 1 | 2;
  readonly kinds: readonly string[];
}

/** `id:priority,kind,…`, by section. */
const SECTIONS: readonly (readonly [section: string, subject: string, rows: string])[] = [
  [
    "1.1",
    "identity",
    `
      ID-01:P0 ID-02:P0 ID-04:P1 ID-05:P0,SCALE ID-06:P1,SCALE ID-07:P0 ID-11:P0
      ID-12:P1,LEAK,SCALE ID-14:P2,LEAK
    `,
  ],
  [
    "1.2",
    "sending and order",
    `
      SD-01:P0 SD-02:P1 SD-03:P0 SD-04:P0 SD-05:P1,RACE,LEAK SD-06:P0 SD-09:P0 SD-10:P0 SD-11:P0
      SD-12:P0 SD-13:P0,RACE SD-14:P0,PART SD-15:P1,RACE SD-16:P0 SD-17:P1,RACE SD-18:P0
      SD-19:P1 SD-20:P1 SD-21:P1,RACE
    `,
  ],
  [
    "1.3",
    "large messages and full lanes",
    `
      BP-01:P0,TIME BP-02:P1 BP-03:P1 BP-04:P1 BP-05:P1 BP-06:P1 BP-07:P1 BP-08:P0 BP-10:P1
      BP-11:P1 BP-15:P0,RACE,LEAK BP-16:P1,LEAK BP-17:P1 BP-19:P0,TIME BP-20:P0,TIME
    `,
  ],
  [
    "1.4",
    "exit signals",
    `
      EX-02:P0 EX-03:P1 EX-04:P1 EX-05:P0 EX-06:P0 EX-07:P0 EX-08:P0 EX-10:P0 EX-11:P1,RACE
      EX-14:P0 EX-15:P0
    `,
  ],
  [
    "1.5",
    "links",
    `
      LK-01:P0 LK-03:P0 LK-04:P0 LK-05:P0 LK-06:P0 LK-09:P0,RACE LK-10:P0,RACE LK-11:P0,RACE
      LK-14:P1,LEAK
    `,
  ],
  [
    "1.6",
    "monitors",
    `
      MO-01:P0 MO-02:P0 MO-04:P0 MO-05:P0 MO-06:P1 MO-07:P1 MO-08:P0,RACE MO-09:P1 MO-10:P0
      MO-11:P0,RACE MO-12:P0,RACE MO-14:P1 MO-15:P1 MO-16:P0,LEAK MO-19:P0,RACE MO-20:P1,LEAK
      MO-21:P1 MO-22:P1,LEAK MO-24:P0
    `,
  ],
  [
    "1.7",
    "aliases",
    `
      AL-01:P0 AL-02:P0 AL-03:P0 AL-04:P0 AL-07:P0,RACE AL-08:P2
    `,
  ],
  [
    "1.8",
    "spawning elsewhere",
    `
      SP-01:P0,RACE SP-02:P0,RACE SP-03:P0 SP-05:P0 SP-07:P0 SP-08:P0,PART SP-09:P1
      SP-10:P0,RACE,LEAK SP-11:P1 SP-12:P1,RACE SP-13:P0 SP-15:P2 SP-16:P0,LEAK SP-17:P0
      SP-18:P0
    `,
  ],
  [
    "1.9",
    "connecting",
    `
      HS-01:P0 HS-02:P1,LEAK HS-03:P1 HS-04:P0 HS-06:P0,RAW HS-07:P0,RAW HS-09:P1,RAW HS-10:P1
      HS-11:P0,RAW HS-12:P0,RAW HS-13:P1,RAW HS-14:P0,RAW HS-15:P1,RAW HS-17:P0,RAW,RACE
      HS-18:P0,RACE,SCALE HS-19:P0,RAW,TIME HS-21:P0,RAW HS-22:P0,RAW HS-24:P0,TIME
      HS-25:P0,TIME HS-26:P1 HS-27:P2 HS-28:P1 HS-29:P1 HS-30:P0 HS-31:P2 HS-32:P1 HS-33:P2
      HS-35:P0
    `,
  ],
  [
    "1.10",
    "tick",
    `
      TK-01:P0,TIME TK-02:P0,TIME TK-03:P1,TIME TK-04:P0,TIME TK-05:P0,PART,TIME TK-06:P0
      TK-08:P2,TIME TK-09:P2
    `,
  ],
  [
    "1.11",
    "node monitors",
    `
      NM-01:P0 NM-02:P0,RACE NM-04:P0,RACE NM-05:P0 NM-06:P0 NM-08:P1 NM-09:P2 NM-12:P2 NM-13:P0
      NM-14:P0 NM-16:P0
    `,
  ],
  [
    "1.12",
    "rpc",
    `
      RP-02:P0 RP-05:P0 RP-07:P0 RP-08:P1 RP-09:P2 RP-10:P0,TIME RP-11:P0 RP-12:P2 RP-14:P1
      RP-15:P0 RP-16:P2 RP-19:P2 RP-20:P1
    `,
  ],
  [
    "1.13",
    "servers",
    `
      GS-02:P0,RACE GS-03:P0 GS-04:P0 GS-06:P1,RACE GS-08:P0 GS-09:P0 GS-10:P0 GS-11:P0 GS-12:P0
      GS-13:P1 GS-14:P0 GS-15:P1 GS-17:P1 GS-18:P0 GS-21:P1 GS-22:P2
    `,
  ],
  [
    "1.14",
    "global names",
    `
      RG-01:P0 RG-02:P0 RG-03:P0 RG-05:P0,RACE RG-06:P0,RACE RG-07:P1 RG-08:P1,LEAK RG-09:P0
      RG-10:P1 RG-11:P1 RG-12:P1,SCALE RG-14:P0,PART RG-15:P0 RG-16:P1 RG-17:P0,PART
      RG-20:P1,PART RG-21:P0,PART RG-23:P1 RG-25:P0 RG-26:P1 RG-27:P1,SCALE
    `,
  ],
  [
    "1.15",
    "groups and rooms",
    `
      PG-02:P0 PG-03:P1 PG-04:P0,RACE PG-05:P0 PG-06:P0,PART PG-08:P1,PART PG-10:P0,LEAK
      PG-11:P0,RACE PG-12:P1 PG-13:P1,SCALE PG-15:P1 PG-16:P0,LEAK PG-17:P1 PG-19:P0 PG-20:P1
      PG-22:P0
    `,
  ],
  [
    "1.16",
    "supervision",
    `
      SU-02:P0 SU-04:P0 SU-06:P0 SU-07:P0,TIME SU-10:P1 SU-11:P0 SU-12:P0,TIME SU-13:P0 SU-14:P1
      SU-15:P0,RACE SU-16:P0 SU-17:P1,TIME SU-18:P1 SU-21:P0 SU-22:P1 SU-23:P2 SU-26:P0 SU-27:P1
      SU-28:P1,SCALE SU-29:P2,LEAK SU-30:P0,PART SU-31:P0,PART SU-32:P0,PART,LEAK
      SU-33:P0,PART,TIME
    `,
  ],
  [
    "1.17",
    "TLS",
    `
      TL-02:P0 TL-03:P0 TL-04:P0,TIME TL-05:P0 TL-06:P0,TIME TL-07:P1
    `,
  ],
  [
    "1.18",
    "malformed traffic",
    `
      BD-01:P0,RAW BD-03:P0,RAW BD-04:P0,RAW BD-05:P0,RAW BD-06:P0,RAW BD-07:P1 BD-08:P0,RAW
    `,
  ],
  [
    "1.19",
    "stopping and soak",
    `
      LC-01:P0 LC-02:P2 LC-03:P0,LEAK LC-04:P1 LC-05:P1,SCALE,PART
    `,
  ],
];

export const ROWS: readonly Row[] = SECTIONS.flatMap(([section, subject, rows]) =>
  rows
    .trim()
    .split(/\s+/)
    .map((row): Row => {
      const [id = "", tags = ""] = row.split(":");
      const [priority = "", ...kinds] = tags.split(",");
      return {
        id,
        section,
        subject,
        priority: Number(priority.slice(1)) as Row["priority"],
        kinds,
      };
    }),
);
