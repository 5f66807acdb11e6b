import { ambient } from "../../src/term/ambient.ts";
import { Identities } from "../../src/term/identities.ts";

/**
 * One kind of message. A session writes and reads all values of a workload from the start of a stream, so what it sends
 * only once is in the figures. Ids, accounts and names differ from value to value: no dictionary helps with them.
 */
export interface Workload {
  readonly name: string;
  readonly values: readonly unknown[];
  /** The same for codecs that do not know pids; the values themselves if left out. */
  readonly plain?: readonly unknown[];
  /** Whether JSON gives the same value back. */
  readonly json: boolean;
  /** Further sets of values: a round takes the next one, so that no shape is ever met again. */
  readonly batches?: readonly (readonly unknown[])[];
}

/** Values of a workload of small messages, and of larger ones. */
const MANY = 1024;
const SOME = 64;
const FEW = 2;
const EPOCH_MS = 1_790_000_000_000;

function variants(count: number, make: (i: number) => unknown): unknown[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const CURRENCIES = ["EUR", "USD", "GBP", "CHF"];
const STATES = ["open", "paid", "sent", "closed"];

function order(i: number): unknown {
  return {
    type: "order",
    id: `order-${10_000 + i * 37}`,
    customer: { name: `Customer ${i * 7919}`, email: `c${i * 7919}@example.org`, vip: i % 3 === 0 },
    items: Array.from({ length: 10 }, (_, j) => ({
      sku: `SKU-${(i * 10 + j) * 31}`,
      quantity: (j % 5) + 1,
      price: 9.99 + i + j,
      taxed: j % 2 === 0,
    })),
    total: 99.9 + i,
    placedAt: EPOCH_MS + i * 1000,
  };
}

/** A cheap sequence that looks random and is the same in every run. */
function scattered(i: number, limit: number): number {
  return (Math.imul(i + 1, 2_654_435_761) >>> 0) % limit;
}

const WORDS = ["Grüße", "mañana", "日本語", "naïve", "привет", "plain", "words", "emoji 🙂"];

function mixedText(i: number): string {
  let text = "";
  for (let j = 0; text.length < 1000; j++) text += `${WORDS[(i + j) % WORDS.length]!} `;
  return text;
}

function unlike(batch: number): unknown[] {
  return variants(1000, (i) => {
    const object: Record<string, unknown> = {};
    for (let j = 0; j < 5; j++) object[`field_${batch}_${i}_${j}`] = i + j;
    return object;
  });
}

function calls(): Pick<Workload, "values" | "plain"> {
  const creation = 217_000_000_000;
  const remote = ambient.identities;
  const here = remote.nodeRef("a@10.0.0.1", creation);
  const pid = (i: number): unknown => remote.pid(here, 2 ** 42 + 1000 + i);
  const plainPid = (i: number): unknown => ({
    node: "a@10.0.0.1",
    creation,
    scheduler: 1,
    serial: 1000 + i,
  });
  const pair = (i: number, make: (i: number) => unknown): unknown =>
    i % 2 === 0
      ? { type: "withdraw", amount: 100 + i, replyTo: make(i) }
      : { type: "withdrawn", from: make(i), balance: 5000 - i };
  return {
    values: variants(MANY, (i) => pair(i, pid)),
    plain: variants(MANY, (i) => pair(i, plainPid)),
  };
}

/** The rows of the table, in the order of the specification. */
export function workloads(): Workload[] {
  ambient.identities = new Identities("bench@host", 1);
  return [
    {
      name: "small tagged message",
      values: variants(MANY, (i) =>
        i % 2 === 0 ? { type: "add", by: i % 100 } : { type: "sub", by: i },
      ),
      json: true,
    },
    {
      name: "five-field record",
      values: variants(MANY, (i) => ({
        type: "transfer",
        account: `acc-${100_000 + i * 7919}`,
        amount: 100 + i * 50,
        currency: CURRENCIES[i % 4],
        ts: EPOCH_MS + i * 997,
      })),
      json: true,
    },
    {
      name: "tuple",
      values: variants(MANY, (i) => ["set", `key-${i * 31}`, i * 1000, i % 2 === 0, null]),
      json: true,
    },
    { name: "nested order, 10 items", values: variants(SOME, order), json: true },
    {
      name: "1,000 integers",
      values: variants(FEW, (k) => variants(1000, (i) => scattered(i + k, 1_000_000))),
      json: true,
    },
    {
      name: "1,000 floats",
      values: variants(FEW, (k) => variants(1000, (i) => scattered(i + k, 1_000_000) / 997)),
      json: true,
    },
    {
      name: "1 KiB ASCII text",
      values: variants(SOME, (i) => `${i} The quick brown fox. `.repeat(64).slice(0, 1024)),
      json: true,
    },
    { name: "mixed UTF-8 text", values: variants(SOME, mixedText), json: true },
    {
      name: "4 KiB bytes",
      values: variants(SOME, (i) => new Uint8Array(4096).fill(i)),
      json: false,
    },
    {
      name: "Map of 100",
      values: variants(
        SOME,
        (k) => new Map(variants(100, (i) => [`key-${k}-${i}`, i * 100]) as [string, number][]),
      ),
      json: false,
    },
    {
      name: "1,000 equal records",
      values: variants(FEW, (k) =>
        variants(1000, (i) => ({
          id: i,
          name: `user ${scattered(i + 1000 * k, 100_000)}`,
          state: STATES[i % 4],
          score: scattered(i, 10_000) / 8,
        })),
      ),
      json: true,
    },
    { name: "pid-carrying call and reply", ...calls(), json: false },
    {
      name: "1,000 shapes never seen",
      values: unlike(0),
      batches: variants(32, (batch) => unlike(batch)) as unknown[][],
      json: true,
    },
  ];
}
