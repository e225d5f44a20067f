/** The frame bodies of AMQP 1.0 (part 2, 2.7 and part 5, 5.3.3) as a server reads them. */
import type { AmqpMap, AmqpValue } from "./values.ts";

/** Descriptor codes. */
export const CODE = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  error: 0x1d,
  received: 0x23,
  accepted: 0x24,
  rejected: 0x25,
  released: 0x26,
  modified: 0x27,
  source: 0x28,
  target: 0x29,
  saslMechanisms: 0x40,
  saslInit: 0x41,
  saslChallenge: 0x42,
  saslResponse: 0x43,
  saslOutcome: 0x44,
} as const;

/** What the receiver of a delivery made of it; `undefined` where a peer names a state that is no outcome. */
export type Outcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "rejected"; readonly error?: ErrorCondition }
  | { readonly kind: "released" }
  | { readonly kind: "modified"; readonly deliveryFailed: boolean; readonly undeliverableHere: boolean };

/** An error as peers send and receive it. */
export interface ErrorCondition {
  readonly condition: string;
  readonly description?: string;
  readonly info?: Readonly<Record<string, string | number>>;
}

export interface Open {
  readonly type: "open";
  readonly containerId: string;
  readonly hostName: string | undefined;
  readonly maxFrameSize: number | undefined;
  readonly channelMax: number | undefined;
  /** Milliseconds. */
  readonly idleTimeOut: number | undefined;
}

export interface Begin {
  readonly type: "begin";
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  readonly handleMax: number | undefined;
}

/** A source or target: what the server needs of it, and its bytes to echo. */
export interface Terminus {
  readonly address: string | undefined;
  readonly dynamic: boolean;
  /** Sources only. */
  readonly filter: AmqpMap | undefined;
  readonly encoded: Buffer;
}

export interface Attach {
  readonly type: "attach";
  readonly name: string;
  readonly handle: number;
  /** Role of the peer. */
  readonly role: "sender" | "receiver";
  /** 0 unsettled, 1 settled, 2 mixed. */
  readonly sndSettleMode: number;
  /** 0 first, 1 second. */
  readonly rcvSettleMode: number;
  readonly source: Terminus | undefined;
  readonly target: Terminus | undefined;
  readonly initialDeliveryCount: number;
  readonly maxMessageSize: number | bigint | undefined;
  readonly desiredCapabilities: readonly string[];
  readonly properties: ReadonlyMap<AmqpValue, AmqpValue>;
}

export interface Flow {
  readonly type: "flow";
  readonly nextIncomingId: number | undefined;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly outgoingWindow: number;
  readonly handle: number | undefined;
  readonly deliveryCount: number | undefined;
  readonly linkCredit: number | undefined;
  readonly drain: boolean;
  readonly echo: boolean;
}

export interface Transfer {
  readonly type: "transfer";
  readonly handle: number;
  readonly deliveryId: number | undefined;
  readonly messageFormat: number | undefined;
  readonly settled: boolean | undefined;
  readonly more: boolean;
  readonly aborted: boolean;
  readonly payload: Buffer;
}

export interface Disposition {
  readonly type: "disposition";
  /** Role of the peer. */
  readonly role: "sender" | "receiver";
  readonly first: number;
  readonly last: number;
  readonly settled: boolean;
  readonly outcome: Outcome | undefined;
}

export interface Detach {
  readonly type: "detach";
  readonly handle: number;
  readonly closed: boolean;
}

export interface End {
  readonly type: "end";
}

export interface Close {
  readonly type: "close";
}

export interface SaslInit {
  readonly type: "saslInit";
  readonly mechanism: string;
  readonly response: Buffer | undefined;
}

export type Performative = Open | Begin | Attach | Flow | Transfer | Disposition | Detach | End | Close;
