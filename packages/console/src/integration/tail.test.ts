import { expect, test } from "vitest";
import { tailLine } from "./tail.ts";

const LINE = {
  deviceId: "d",
  body: { data: "21" },
  properties: { event: "K%C3%BCche/1", seq: "1" },
  systemProperties: { "message-id": "m" },
  partitionId: "2",
  sequenceNumber: 7,
  enqueuedTime: 1_000,
};

test("a message is read with the name of its event", () => {
  expect(tailLine(JSON.stringify(LINE))).toMatchObject({
    kind: "message",
    key: "2 7",
    event: "Küche/1",
    enqueuedAt: 1_000,
  });
  expect(tailLine(JSON.stringify({ ...LINE, properties: {}, body: "text" }))).toMatchObject({
    event: null,
    body: "text",
  });
  expect(tailLine(JSON.stringify({ ...LINE, properties: { event: "%zz" } }))).toMatchObject({ event: "%zz" });
});

test("trouble is told; what is nothing is nothing", () => {
  const failure = { code: "hub_unreachable", message: "m", next_step: "n" };
  expect(tailLine(JSON.stringify({ failure }))).toEqual({ kind: "failure", failure });
  for (const line of ["", "\r", "{", "[]", "null", "7", '{"body":1}']) expect(tailLine(line)).toBeNull();
});
