import { expect, test } from "vitest";
import {
  writeAttach,
  writeBegin,
  writeClose,
  writeDetach,
  writeDisposition,
  writeEnd,
  writeFlow,
  writeOpen,
  writeTransfer,
} from "./performative-encoding.ts";
import { Writer } from "./writer.ts";

const WINDOW = { nextIncomingId: 0, incomingWindow: 1, nextOutgoingId: 0, outgoingWindow: 1 };
const ERROR = { condition: "amqp:not-found" };
const ATTACH = { name: "l", handle: 0, role: "sender", sndSettleMode: 0, rcvSettleMode: 0 } as const;
const TERMINI = { source: undefined, target: undefined };

test.each<[string, number, (writer: Writer) => void]>([
  ["open", 10, (writer) => writeOpen(writer, { containerId: "c", maxFrameSize: 512, channelMax: 1, idleTimeOut: 1 })],
  ["begin", 8, (w) => writeBegin(w, { ...WINDOW, remoteChannel: 0, handleMax: 1 })],
  ["attach", 14, (writer) => writeAttach(writer, { ...ATTACH, ...TERMINI })],
  ["flow of a session", 11, (writer) => writeFlow(writer, WINDOW)],
  [
    "flow of a link",
    11,
    (w) => writeFlow(w, { ...WINDOW, link: { handle: 0, deliveryCount: 0, linkCredit: 1, drain: false } }),
  ],
  ["transfer", 11, (w) => writeTransfer(w, { handle: 0, deliveryId: 0, settled: true, more: false, messageFormat: 0 })],
  ["disposition", 6, (writer) => writeDisposition(writer, { role: "receiver", first: 0, last: 0 })],
  ["detach", 3, (writer) => writeDetach(writer, 0)],
  ["detach with an error", 3, (writer) => writeDetach(writer, 0, ERROR)],
  ["end", 1, (writer) => writeEnd(writer)],
  ["close", 1, (writer) => writeClose(writer)],
])("%s has all its %i fields, as clients expect that do not count them", (_, fields, write) => {
  const writer = new Writer(512);
  write(writer);
  const bytes = writer.written();
  // A described type by a small ulong, then a list with four bytes of size and four of count.
  expect([bytes[0], bytes[1], bytes[3]]).toEqual([0x00, 0x53, 0xd0]);
  expect(bytes.readUInt32BE(8)).toBe(fields);
});
