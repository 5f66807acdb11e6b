import { expect, test } from "bun:test";
import fc from "fast-check";

import { Mailbox } from "../../src/process/mailbox.ts";

interface Message {
  readonly type: string;
  readonly n: number;
}

const type = fc.constantFrom("a", "b", "c");
const step = fc.oneof(
  fc.record({ kind: fc.constant("push" as const), type }),
  fc.record({ kind: fc.constant("take" as const), type }),
  fc.record({ kind: fc.constant("takeType" as const), type }),
  fc.record({ kind: fc.constant("takeMatch" as const), type }),
  fc.record({ kind: fc.constant("drop" as const), type }),
);

/** A mailbox as one would write it who need not care for speed. */
function naive(messages: Message[], fits: (message: Message) => boolean): Message | undefined {
  const index = messages.findIndex(fits);
  return index < 0 ? undefined : messages.splice(index, 1)[0];
}

test("mailbox behaves like a list that is searched from the front", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const mailbox = new Mailbox();
      const model: Message[] = [];
      let n = 0;
      for (const { kind, type: wanted } of steps) {
        if (kind === "push") {
          const message = { type: wanted, n: n++ };
          mailbox.push(message);
          model.push(message);
        } else if (kind === "take") {
          expect(mailbox.take()).toBe(model.shift());
        } else if (kind === "takeType") {
          expect(mailbox.takeType(wanted)).toBe(naive(model, (message) => message.type === wanted));
        } else if (kind === "takeMatch") {
          const fits = (message: Message): boolean =>
            message.type === wanted && message.n % 2 === 0;
          expect(mailbox.takeMatch((message) => fits(message as Message))).toBe(naive(model, fits));
        } else {
          const kept = model.filter((message) => message.type !== wanted || message.n % 3 !== 0);
          const count = model.length - kept.length;
          expect(mailbox.drop(wanted, (message) => (message as Message).n % 3 === 0)).toBe(count);
          model.splice(0, model.length, ...kept);
        }
        expect(mailbox.length).toBe(model.length);
        expect(mailbox.types(3)).toEqual(model.slice(0, 3).map((message) => message.type));
      }
    }),
    { numRuns: 200 },
  );
});

test("a waiting receive looks at each new message once", () => {
  const mailbox = new Mailbox();
  let looks = 0;
  const match = (message: unknown): boolean => {
    looks++;
    return message === "wanted";
  };
  for (let count = 0; count < 1000; count++) {
    mailbox.push(count);
    expect(mailbox.takeMatchNew(match)).toBeUndefined();
  }
  mailbox.push("wanted");
  expect(mailbox.takeMatchNew(match)).toBe("wanted");
  expect(looks).toBe(1001);
  expect(mailbox.take()).toBe(0);
});

test("a predicate that throws loses nothing", () => {
  const mailbox = new Mailbox();
  mailbox.push(1);
  mailbox.push(2);
  const refuse = (): boolean => {
    throw new Error("no");
  };
  expect(() => mailbox.takeMatch(refuse)).toThrow("no");
  expect([mailbox.take(), mailbox.take(), mailbox.take()]).toEqual([1, 2, undefined]);
});

test("types are shown as they are, and of a long one the beginning", () => {
  const mailbox = new Mailbox();
  mailbox.push({ type: "add" });
  mailbox.push({ type: "x".repeat(1_000_000) });
  mailbox.push(7);
  expect(mailbox.types(10)).toEqual(["add", "x".repeat(100), "number"]);
});
