/** The other end of `ProgramSide`: answers each line of the standard input with what a measurement found. */

export type Measurements = Readonly<
  Record<string, () => Promise<Readonly<Record<string, number>>>>
>;

/** Says that it is ready and answers until the input ends. */
export async function answerLines(measurements: Measurements): Promise<void> {
  console.log("ready");
  for await (const line of console) {
    const measured = line.trim();
    const values = await measurements[measured]!();
    console.log(JSON.stringify({ measured, values }));
  }
}

const ACCOUNTS = 100;

/** The messages of the floods as bytes of JSON would carry them; `b1k` and `b64k` are the caller's. */
export const JSON_MESSAGES = {
  small: (n: number): unknown => ({ tag: "m", n }),
  record: (n: number): unknown => ({
    type: "payment",
    account: `acc-${n % ACCOUNTS}`,
    amount: n,
    currency: "EUR",
    ts: 1_700_000_000_000 + n,
  }),
} as const;

/** Messages of each flood. */
export const FLOODS = { small: 200_000, record: 150_000, b1k: 100_000, b64k: 4_000 } as const;
export type Flood = keyof typeof FLOODS;
export const ROUND_TRIPS = 3_000;

/** Messages a second of a flood that has begun at `start`. */
export const rateOf = (kind: Flood, start: number): number =>
  FLOODS[kind] / ((performance.now() - start) / 1_000);

/** p50 and p99 of so many round trips, in microseconds. */
export async function roundTrips(
  once: (n: number) => Promise<void>,
): Promise<Record<string, number>> {
  const times: number[] = [];
  for (let n = 0; n < ROUND_TRIPS; n++) {
    const start = performance.now();
    await once(n);
    times.push((performance.now() - start) * 1_000);
  }
  times.sort((a, b) => a - b);
  return {
    "rtt.p50_us": times[ROUND_TRIPS >> 1]!,
    "rtt.p99_us": times[Math.floor(ROUND_TRIPS * 0.99)]!,
  };
}
