/** Frame bodies from bytes. Lists may be shorter than their definition: missing fields are null, as the standard says. */
import { AmqpDecodeError } from "./decode-error.ts";
import { CODE, type Outcome, type Performative, type SaslInit, type Terminus } from "./performatives.ts";
import { Reader } from "./reader.ts";
import { readDescriptor, readListHeader } from "./sections.ts";
import { type AmqpMap, type AmqpValue, Described, readValue } from "./values.ts";

/** Reads fields of one list in order; past the end every field is absent. */
class Fields {
  readonly reader: Reader;
  remaining: number;

  constructor(reader: Reader) {
    this.reader = reader;
    this.remaining = readListHeader(reader);
  }

  /** Whether there is a field and it is not null. Consumes a null. */
  #present(): boolean {
    if (this.remaining <= 0) return false;
    this.remaining--;
    const { reader } = this;
    reader.need(1);
    if (reader.bytes[reader.position] !== 0x40) return true;
    reader.position++;
    return false;
  }

  uint(): number | undefined {
    if (!this.#present()) return undefined;
    const { reader } = this;
    const code = reader.uint8();
    switch (code) {
      case 0x43:
        return 0;
      case 0x50:
      case 0x52:
        return reader.uint8();
      case 0x60:
        return reader.uint16();
      case 0x70:
        return reader.uint32();
      default:
        throw new AmqpDecodeError("An unsigned integer was expected.");
    }
  }

  requiredUint(name: string): number {
    const value = this.uint();
    if (value === undefined) throw new AmqpDecodeError(`The field ${name} is missing.`);
    return value;
  }

  boolean(): boolean | undefined {
    if (!this.#present()) return undefined;
    const value = readValue(this.reader);
    if (typeof value !== "boolean") throw new AmqpDecodeError("A boolean was expected.");
    return value;
  }

  text(): string | undefined {
    if (!this.#present()) return undefined;
    const value = readValue(this.reader);
    if (typeof value !== "string") throw new AmqpDecodeError("Text was expected.");
    return value;
  }

  requiredText(name: string): string {
    const value = this.text();
    if (value === undefined) throw new AmqpDecodeError(`The field ${name} is missing.`);
    return value;
  }

  binary(): Buffer | undefined {
    if (!this.#present()) return undefined;
    const value = readValue(this.reader);
    if (!Buffer.isBuffer(value)) throw new AmqpDecodeError("A binary was expected.");
    return value;
  }

  value(): AmqpValue | undefined {
    return this.#present() ? readValue(this.reader) : undefined;
  }

  map(): AmqpMap | undefined {
    const value = this.value();
    if (value === undefined || isMap(value)) return value;
    throw new AmqpDecodeError("A map was expected.");
  }

  skip(count: number = 1): void {
    for (let i = 0; i < count; i++) if (this.#present()) this.reader.skip();
  }

  /** The next field as bytes, `undefined` when absent. */
  encoded(): Buffer | undefined {
    if (!this.#present()) return undefined;
    const start = this.reader.position;
    this.reader.skip();
    return this.reader.bytes.subarray(start, this.reader.position);
  }
}

type Decode = (fields: Fields) => Performative;

const DECODERS: Readonly<Record<number, Decode>> = {
  [CODE.open]: decodeOpen,
  [CODE.begin]: decodeBegin,
  [CODE.attach]: decodeAttach,
  [CODE.flow]: decodeFlow,
  [CODE.transfer]: decodeTransfer,
  [CODE.disposition]: decodeDisposition,
  [CODE.detach]: (fields) => {
    const handle = fields.requiredUint("handle");
    return { type: "detach", handle, closed: fields.boolean() ?? false };
  },
  [CODE.end]: () => ({ type: "end" }),
  [CODE.close]: () => ({ type: "close" }),
};

const NAMES: ReadonlyMap<string, number> = new Map([
  ["amqp:open:list", CODE.open],
  ["amqp:begin:list", CODE.begin],
  ["amqp:attach:list", CODE.attach],
  ["amqp:flow:list", CODE.flow],
  ["amqp:transfer:list", CODE.transfer],
  ["amqp:disposition:list", CODE.disposition],
  ["amqp:detach:list", CODE.detach],
  ["amqp:end:list", CODE.end],
  ["amqp:close:list", CODE.close],
  ["amqp:sasl-init:list", CODE.saslInit],
]);

/** Decodes the body of an AMQP frame, from `start` to `end` of `bytes`. Throws `AmqpDecodeError`. */
export function decodePerformative(bytes: Buffer, start: number, end: number): Performative {
  const reader = new Reader(bytes, start, end);
  const decode = DECODERS[readDescriptor(reader, NAMES)];
  if (decode === undefined) throw new AmqpDecodeError("The frame holds no performative that AMQP knows.");
  return decode(new Fields(reader));
}

/** Decodes the body of a SASL frame from a client. Throws `AmqpDecodeError`. */
export function decodeSaslInit(bytes: Buffer, start: number, end: number): SaslInit {
  const reader = new Reader(bytes, start, end);
  if (readDescriptor(reader, NAMES) !== CODE.saslInit) throw new AmqpDecodeError("A sasl-init was expected.");
  const fields = new Fields(reader);
  return { type: "saslInit", mechanism: fields.requiredText("mechanism"), response: fields.binary() };
}

function decodeOpen(fields: Fields): Performative {
  return {
    type: "open",
    containerId: fields.requiredText("container-id"),
    hostName: fields.text(),
    maxFrameSize: fields.uint(),
    channelMax: fields.uint(),
    idleTimeOut: fields.uint(),
  };
}

function decodeBegin(fields: Fields): Performative {
  fields.skip();
  return {
    type: "begin",
    nextOutgoingId: fields.requiredUint("next-outgoing-id"),
    incomingWindow: fields.requiredUint("incoming-window"),
    outgoingWindow: fields.requiredUint("outgoing-window"),
    handleMax: fields.uint(),
  };
}

function decodeAttach(fields: Fields): Performative {
  const name = fields.requiredText("name");
  const handle = fields.requiredUint("handle");
  const role = fields.boolean() === true ? "receiver" : "sender";
  const sndSettleMode = fields.uint() ?? 2;
  const rcvSettleMode = fields.uint() ?? 0;
  const source = decodeTerminus(fields.encoded(), CODE.source);
  const target = decodeTerminus(fields.encoded(), CODE.target);
  fields.skip(2);
  const initialDeliveryCount = fields.uint() ?? 0;
  const maxMessageSize = fields.value();
  fields.skip();
  const desired = fields.value();
  return {
    type: "attach",
    name,
    handle,
    role,
    sndSettleMode,
    rcvSettleMode,
    source,
    target,
    initialDeliveryCount,
    maxMessageSize:
      typeof maxMessageSize === "number" || typeof maxMessageSize === "bigint" ? maxMessageSize : undefined,
    desiredCapabilities: asTexts(desired),
    properties: fields.map() ?? new Map(),
  };
}

// Termini other than sources and targets (a transaction coordinator) read as one without an address.
function decodeTerminus(encoded: Buffer | undefined, code: number): Terminus | undefined {
  if (encoded === undefined) return undefined;
  const reader = new Reader(encoded);
  if (readDescriptor(reader, TERMINI) !== code)
    return { address: undefined, dynamic: false, filter: undefined, encoded };
  const fields = new Fields(reader);
  const address = fields.value();
  fields.skip(3);
  const dynamic = fields.boolean() ?? false;
  let filter: AmqpMap | undefined;
  if (code === CODE.source) {
    fields.skip(2);
    filter = fields.map();
  }
  return { address: typeof address === "string" ? address : undefined, dynamic, filter, encoded };
}

const TERMINI: ReadonlyMap<string, number> = new Map([
  ["amqp:source:list", CODE.source],
  ["amqp:target:list", CODE.target],
]);

function decodeFlow(fields: Fields): Performative {
  const nextIncomingId = fields.uint();
  const incomingWindow = fields.requiredUint("incoming-window");
  const nextOutgoingId = fields.requiredUint("next-outgoing-id");
  const outgoingWindow = fields.requiredUint("outgoing-window");
  const handle = fields.uint();
  const deliveryCount = fields.uint();
  const linkCredit = fields.uint();
  fields.skip();
  return {
    type: "flow",
    nextIncomingId,
    incomingWindow,
    nextOutgoingId,
    outgoingWindow,
    handle,
    deliveryCount,
    linkCredit,
    drain: fields.boolean() ?? false,
    echo: fields.boolean() ?? false,
  };
}

function decodeTransfer(fields: Fields): Performative {
  const handle = fields.requiredUint("handle");
  const deliveryId = fields.uint();
  fields.skip();
  const messageFormat = fields.uint();
  const settled = fields.boolean();
  const more = fields.boolean() ?? false;
  fields.skip(3);
  const aborted = fields.boolean() ?? false;
  fields.skip(fields.remaining);
  const { bytes, position, end } = fields.reader;
  return {
    type: "transfer",
    handle,
    deliveryId,
    messageFormat,
    settled,
    more,
    aborted,
    payload: bytes.subarray(position, end),
  };
}

function decodeDisposition(fields: Fields): Performative {
  const role = fields.boolean() === true ? "receiver" : "sender";
  const first = fields.requiredUint("first");
  const last = fields.uint() ?? first;
  const settled = fields.boolean() ?? false;
  return { type: "disposition", role, first, last, settled, outcome: asOutcome(fields.value()) };
}

function asOutcome(state: AmqpValue | undefined): Outcome | undefined {
  if (!(state instanceof Described)) return undefined;
  const { descriptor, value } = state;
  const code: number = typeof descriptor === "number" ? descriptor : (OUTCOMES.get(descriptor) ?? -1);
  const fields: readonly AmqpValue[] = Array.isArray(value) ? value : [];
  switch (code) {
    case CODE.accepted:
      return { kind: "accepted" };
    case CODE.rejected:
      return { kind: "rejected" };
    case CODE.released:
      return { kind: "released" };
    case CODE.modified:
      return { kind: "modified", deliveryFailed: fields[0] === true, undeliverableHere: fields[1] === true };
    default:
      return undefined;
  }
}

const OUTCOMES: ReadonlyMap<AmqpValue, number> = new Map([
  ["amqp:accepted:list", CODE.accepted],
  ["amqp:rejected:list", CODE.rejected],
  ["amqp:released:list", CODE.released],
  ["amqp:modified:list", CODE.modified],
]);

function asTexts(value: AmqpValue | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function isMap(value: AmqpValue): value is AmqpMap {
  return value instanceof Map;
}
