import { expect, test } from "bun:test";
import { Admission, type Stranger } from "../../src/node/admission.ts";

function stranger(admission: Admission, address: string): Stranger & { dropped: boolean } {
  const made = {
    remoteHost: address,
    dropped: false,
    drop(): void {
      made.dropped = true;
      admission.remove(made, address);
    },
  };
  return made;
}

test("over the limit of one address its oldest goes, not the newcomer and nobody else", () => {
  const admission = new Admission({ unauthenticated: 100, unauthenticatedPerAddress: 2 });
  const other = stranger(admission, "10.0.0.9");
  admission.add(other, "10.0.0.9");
  const all = [1, 2, 3].map(() => stranger(admission, "10.0.0.1"));
  for (const one of all) admission.add(one, "10.0.0.1");
  expect(all.map((one) => one.dropped)).toEqual([true, false, false]);
  expect(other.dropped).toBe(false);
  expect(admission.size).toBe(3);
});

test("over the limit of all addresses the oldest of all goes", () => {
  const admission = new Admission({ unauthenticated: 3, unauthenticatedPerAddress: 100 });
  const all = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map((address) =>
    stranger(admission, address),
  );
  for (const one of all) admission.add(one, one.remoteHost);
  expect(all.map((one) => one.dropped)).toEqual([true, false, false, false]);
  expect(admission.closedForOthers).toBe(1);
});

test("who has proved itself, or has gone, counts no more", () => {
  const admission = new Admission({ unauthenticated: 1, unauthenticatedPerAddress: 1 });
  for (let round = 0; round < 3; round++) {
    const one = stranger(admission, "10.0.0.1");
    admission.add(one, "10.0.0.1");
    admission.remove(one, "10.0.0.1");
    expect(one.dropped).toBe(false);
  }
  expect(admission.size).toBe(0);
});

test("a limit of one per address keeps the newcomer, and forgets addresses without connections", () => {
  const admission = new Admission({ unauthenticated: 10, unauthenticatedPerAddress: 1 });
  const first = stranger(admission, "10.0.0.1");
  const second = stranger(admission, "10.0.0.1");
  admission.add(first, "10.0.0.1");
  admission.add(second, "10.0.0.1");
  expect([first.dropped, second.dropped]).toEqual([true, false]);
  admission.dropAll({} as never);
  expect(admission.size).toBe(0);
});
