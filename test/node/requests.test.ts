import { expect, test } from "bun:test";

import { Requests } from "../../src/node/requests.ts";
import { FakeClock } from "../support/fake-clock.ts";

function asked(): {
  requests: Requests;
  answers: unknown[];
  done: (ok: boolean, value: unknown) => void;
} {
  const answers: unknown[] = [];
  return {
    requests: new Requests(new FakeClock()),
    answers,
    done: (ok, value) => void answers.push(ok ? value : `no: ${String(value)}`),
  };
}

test("only the node that was asked answers, and once", () => {
  const { requests, answers, done } = asked();
  const id = requests.open(Infinity, done, "b@h");
  requests.answeredBy("c@h", id, true, "forged");
  expect(answers).toEqual([]);
  requests.answeredBy("b@h", id, true, "true");
  requests.answeredBy("b@h", id, true, "again");
  expect(answers).toEqual(["true"]);
  expect(requests.size).toBe(0);
});

test("a question without a time limit ends with the session, and no other one does", () => {
  const { requests, answers, done } = asked();
  requests.open(Infinity, done, "b@h");
  const other = requests.open(Infinity, done, "c@h");
  requests.nodeDown("b@h");
  expect(answers).toEqual(["no: noconnection"]);
  requests.answeredBy("c@h", other, true, 1);
  expect(answers).toEqual(["no: noconnection", 1]);
});
