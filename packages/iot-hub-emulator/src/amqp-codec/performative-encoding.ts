/**
 * Frame bodies to bytes, field by field in the order of the standard. Trailing fields that are null could be left out, but
 * the service writes them and some clients read them without looking how many there are.
 */
import { CODE, type ErrorCondition, type Outcome } from "./performatives.ts";
import type { Writer } from "./writer.ts";

export interface OpenFields {
  readonly containerId: string;
  readonly maxFrameSize: number;
  readonly channelMax: number;
  /** Milliseconds. */
  readonly idleTimeOut: number;
}

export function writeOpen(writer: Writer, open: OpenFields): void {
  writer.described(CODE.open);
  const mark = writer.beginCompound(0xd0);
  writer.string(open.containerId);
  writer.null();
  writer.uint(open.maxFrameSize);
  writer.ushort(open.channelMax);
  writer.uint(open.idleTimeOut);
  nulls(writer, 5);
  writer.endCompound(mark, 10);
}

export interface BeginFields {
  readonly remoteChannel: number;
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  readonly handleMax: number;
}

export function writeBegin(writer: Writer, begin: BeginFields): void {
  writer.described(CODE.begin);
  const mark = writer.beginCompound(0xd0);
  writer.ushort(begin.remoteChannel);
  writer.uint(begin.nextOutgoingId);
  writer.uint(begin.incomingWindow);
  writer.uint(begin.outgoingWindow);
  writer.uint(begin.handleMax);
  nulls(writer, 3);
  writer.endCompound(mark, 8);
}

export interface AttachFields {
  readonly name: string;
  readonly handle: number;
  /** Our role. */
  readonly role: "sender" | "receiver";
  readonly sndSettleMode: number;
  readonly rcvSettleMode: number;
  /** Encoded terminus; absent ones are null, which is how an attach is refused. */
  readonly source: Buffer | undefined;
  readonly target: Buffer | undefined;
  /** For a receiver. */
  readonly maxMessageSize?: number;
  readonly offeredCapabilities?: readonly string[];
}

export function writeAttach(writer: Writer, attach: AttachFields): void {
  writer.described(CODE.attach);
  const mark = writer.beginCompound(0xd0);
  writer.string(attach.name);
  writer.uint(attach.handle);
  writer.boolean(attach.role === "receiver");
  writer.ubyte(attach.sndSettleMode);
  writer.ubyte(attach.rcvSettleMode);
  rawOrNull(writer, attach.source);
  rawOrNull(writer, attach.target);
  writer.null();
  writer.null();
  if (attach.role === "sender") writer.uint(0);
  else writer.null();
  if (attach.maxMessageSize === undefined) writer.null();
  else writer.ulong(attach.maxMessageSize);
  if (attach.offeredCapabilities === undefined || attach.offeredCapabilities.length === 0) writer.null();
  else writer.symbols(attach.offeredCapabilities);
  nulls(writer, 2);
  writer.endCompound(mark, 14);
}

export interface FlowFields {
  readonly nextIncomingId: number;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly outgoingWindow: number;
  readonly link?: {
    readonly handle: number;
    readonly deliveryCount: number;
    readonly linkCredit: number;
    readonly drain: boolean;
  };
}

export function writeFlow(writer: Writer, flow: FlowFields): void {
  writer.described(CODE.flow);
  const mark = writer.beginCompound(0xd0);
  writer.uint(flow.nextIncomingId);
  writer.uint(flow.incomingWindow);
  writer.uint(flow.nextOutgoingId);
  writer.uint(flow.outgoingWindow);
  if (flow.link === undefined) nulls(writer, 5);
  else {
    writer.uint(flow.link.handle);
    writer.uint(flow.link.deliveryCount);
    writer.uint(flow.link.linkCredit);
    writer.null();
    writer.boolean(flow.link.drain);
  }
  nulls(writer, 2);
  writer.endCompound(mark, 11);
}

export interface TransferFields {
  readonly handle: number;
  readonly deliveryId: number;
  /** At most 32 bytes; without one it is the delivery id's four bytes, unique among what is unsettled. */
  readonly tag?: Uint8Array | undefined;
  readonly settled: boolean;
  readonly more: boolean;
  readonly messageFormat: number;
}

export function writeTransfer(writer: Writer, transfer: TransferFields): void {
  writer.described(CODE.transfer);
  const mark = writer.beginCompound(0xd0);
  writer.uint(transfer.handle);
  writer.uint(transfer.deliveryId);
  if (transfer.tag !== undefined) writer.binary(transfer.tag);
  else {
    writer.byte(0xa0);
    writer.byte(4);
    writer.fixed32(transfer.deliveryId);
  }
  writer.uint(transfer.messageFormat);
  writer.boolean(transfer.settled);
  writer.boolean(transfer.more);
  nulls(writer, 5);
  writer.endCompound(mark, 11);
}

/** What the hub says of a delivery. */
export type SentOutcome = Extract<Outcome, { kind: "accepted" | "rejected" }>;

export interface DispositionFields {
  readonly role: "sender" | "receiver";
  readonly first: number;
  readonly last: number;
  readonly outcome?: SentOutcome;
}

/** Always settles. */
export function writeDisposition(writer: Writer, disposition: DispositionFields): void {
  writer.described(CODE.disposition);
  const mark = writer.beginCompound(0xd0);
  writer.boolean(disposition.role === "receiver");
  writer.uint(disposition.first);
  writer.uint(disposition.last);
  writer.boolean(true);
  if (disposition.outcome === undefined) writer.null();
  else writeOutcome(writer, disposition.outcome);
  writer.null();
  writer.endCompound(mark, 6);
}

function writeOutcome(writer: Writer, outcome: SentOutcome): void {
  if (outcome.kind === "accepted") {
    writer.described(CODE.accepted);
    writer.byte(0x45);
    return;
  }
  writer.described(CODE.rejected);
  if (outcome.error === undefined) return writer.byte(0x45);
  const mark = writer.beginCompound(0xd0);
  writeError(writer, outcome.error);
  writer.endCompound(mark, 1);
}

export function writeDetach(writer: Writer, handle: number, error?: ErrorCondition): void {
  writer.described(CODE.detach);
  const mark = writer.beginCompound(0xd0);
  writer.uint(handle);
  writer.boolean(true);
  errorOrNull(writer, error);
  writer.endCompound(mark, 3);
}

export function writeEnd(writer: Writer, error?: ErrorCondition): void {
  writeClosing(writer, CODE.end, error);
}

export function writeClose(writer: Writer, error?: ErrorCondition): void {
  writeClosing(writer, CODE.close, error);
}

function writeClosing(writer: Writer, code: number, error: ErrorCondition | undefined): void {
  writer.described(code);
  const mark = writer.beginCompound(0xd0);
  errorOrNull(writer, error);
  writer.endCompound(mark, 1);
}

function errorOrNull(writer: Writer, error: ErrorCondition | undefined): void {
  if (error === undefined) writer.null();
  else writeError(writer, error);
}

function nulls(writer: Writer, count: number): void {
  for (let i = 0; i < count; i++) writer.null();
}

function writeError(writer: Writer, error: ErrorCondition): void {
  writer.described(CODE.error);
  const mark = writer.beginCompound(0xd0);
  writer.symbol(error.condition);
  if (error.description === undefined) writer.null();
  else writer.string(error.description);
  if (error.info === undefined) {
    writer.null();
    return writer.endCompound(mark, 3);
  }
  const entries = Object.entries(error.info);
  const map = writer.beginCompound(0xd1);
  for (const [key, value] of entries) {
    writer.symbol(key);
    if (typeof value === "number") writer.int(value);
    else writer.string(value);
  }
  writer.endCompound(map, entries.length * 2);
  writer.endCompound(mark, 3);
}

/** A source that names only an address. */
export function writeSource(writer: Writer, address: string): void {
  writeAddress(writer, CODE.source, address);
}

export function writeTarget(writer: Writer, address: string): void {
  writeAddress(writer, CODE.target, address);
}

function writeAddress(writer: Writer, code: number, address: string): void {
  writer.described(code);
  const mark = writer.beginCompound(0xd0);
  writer.string(address);
  writer.endCompound(mark, 1);
}

export function writeSaslMechanisms(writer: Writer, mechanisms: readonly string[]): void {
  writer.described(CODE.saslMechanisms);
  const mark = writer.beginCompound(0xd0);
  writer.symbols(mechanisms);
  writer.endCompound(mark, 1);
}

/** 0 ok, 1 wrong credentials. */
export function writeSaslOutcome(writer: Writer, code: 0 | 1): void {
  writer.described(CODE.saslOutcome);
  const mark = writer.beginCompound(0xd0);
  writer.ubyte(code);
  writer.endCompound(mark, 1);
}

function rawOrNull(writer: Writer, bytes: Buffer | undefined): void {
  if (bytes === undefined) writer.null();
  else writer.raw(bytes);
}
