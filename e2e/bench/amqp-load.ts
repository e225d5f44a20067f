/**
 * Load for a hub over AMQP, from a sender that costs almost nothing itself: many device links on one connection, each with
 * its message encoded once. What is measured is the hub. Reads `AmqpLoadPlan`, prints `AmqpLoad`.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, type TLSSocket } from "node:tls";
import type * as Rhea from "rhea";
import { makeSharedAccessSignature, parseHubConnectionString } from "iot-hub-protocol";
import { readPlan } from "./child.ts";

export interface AmqpLoadPlan {
  readonly connectionString: string;
  readonly port: number;
  readonly caFile: string;
  readonly deviceIds: readonly string[];
  readonly seconds: number;
  /** Messages under way at once. */
  readonly window: number;
  /** Messages a second; none is as fast as it goes. */
  readonly rate?: number;
}

export interface AmqpLoad {
  readonly accepted: number;
  readonly seconds: number;
  /** Seconds until all links were attached. */
  readonly attachSeconds: number;
}

/** What rhea's frame code offers: it is not part of the library's typed surface. */
interface Performative {
  dispatch(target: object, frame: Frame): void;
  described(): unknown;
}
interface Frame {
  readonly performative?: Performative & Readonly<Record<string, unknown>>;
  readonly payload?: Buffer;
}
type Create = (fields: object) => Performative;
interface Frames {
  read_frame(bytes: Buffer): Frame;
  write_frame(frame: unknown): Buffer;
  amqp_frame(channel: number, performative: unknown, payload?: Buffer): unknown;
  readonly open: Create;
  readonly begin: Create;
  readonly attach: Create;
  readonly flow: Create;
  readonly transfer: Create;
}

const require = createRequire(import.meta.url);
const rhea = require("rhea") as typeof Rhea;
const frames = require("rhea/lib/frames.js") as Frames;
const terminus = require("rhea/lib/terminus.js") as { readonly source: Create; readonly target: Create };
const source = (fields: object = {}): unknown => terminus.source(fields).described();
const target = (address: string): unknown => terminus.target({ address }).described();

const ACCEPTED = 0x24;
const numbers = ({ performative }: Frame): Record<string, number> => performative as never;
const ended = ({ performative }: Frame): never => {
  throw new Error(`The hub ended it: ${JSON.stringify(performative)}`);
};
/** What the hub's frames do; rhea calls them by their names. */
const handlers = {
  on_open: () => undefined,
  on_attach: () => undefined,
  on_begin: (frame: Frame) => void (remoteWindow = numbers(frame)["incoming_window"] as number),
  on_flow(frame: Frame) {
    const { next_incoming_id: next, incoming_window: window, handle } = numbers(frame);
    remoteWindow = ((next as number) + (window as number) - nextId) | 0;
    if (handle !== undefined && handle !== null && handle >= FIRST) grant(handle - FIRST, numbers(frame));
  },
  on_transfer: () => authenticated(),
  on_disposition(frame: Frame) {
    const { first = 0, last } = numbers(frame);
    const count = (last ?? first) - first + 1;
    if (stateOf(frame.performative?.["state"]) === ACCEPTED) settled += count;
    else refused += count;
  },
  on_detach: ended,
  on_end: ended,
  on_close: ended,
};
const HEADER = Buffer.from("AMQP\0\x01\0\0", "latin1");

const plan = await readPlan<AmqpLoadPlan>();
const {
  hostName,
  sharedAccessKeyName: policyName,
  sharedAccessKey: key,
} = parseHubConnectionString(plan.connectionString);

/** Handle of the first device link; 0 and 1 are $cbs. */
const FIRST = 2;
const links = plan.deviceIds.length;
const credit = new Int32Array(links);
let attached = 0;
let settled = 0;
let refused = 0;
let nextId = 0;
let remoteWindow = 0;
let authenticated: () => void = () => undefined;
let allAttached: () => void = () => undefined;
let progress: () => void = () => undefined;

const socket: TLSSocket = connect({
  host: hostName,
  port: plan.port,
  ca: readFileSync(plan.caFile),
  servername: "localhost",
});
socket.setNoDelay(true);
socket.once("close", () => {
  if (!finished) throw new Error("The hub closed the connection.");
});
let finished = false;
await new Promise<void>((resolve, reject) => {
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
});
listen();
socket.write(HEADER);
write(frames.open({ container_id: "load", hostname: hostName, max_frame_size: 65_536, channel_max: 1 }));
write(
  frames.begin({ next_outgoing_id: 0, incoming_window: 100_000, outgoing_window: 100_000, handle_max: links + FIRST }),
);
await authenticate();
const attachStart = performance.now();
await attachAll();
const attachSeconds = (performance.now() - attachStart) / 1000;
const transfers = plan.deviceIds.map((id, i) => transferOf(id, i + FIRST));
const seconds = await send();
process.stdout.write(JSON.stringify({ accepted: settled, seconds, attachSeconds } satisfies AmqpLoad));
finished = true;
socket.destroy();
if (refused > 0) throw new Error(`${refused} messages were refused.`);

function authenticate(): Promise<void> {
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  const token = makeSharedAccessSignature({ resource: hostName, key, policyName, expiry });
  const done = new Promise<void>((resolve) => (authenticated = resolve));
  write(
    frames.attach({
      name: "cbs-in",
      handle: 0,
      role: false,
      source: source(),
      target: target("$cbs"),
      initial_delivery_count: 0,
    }),
  );
  write(
    frames.attach({
      name: "cbs-out",
      handle: 1,
      role: true,
      source: source({ address: "$cbs" }),
      target: target("cbs"),
    }),
  );
  write(
    frames.flow({
      next_incoming_id: 0,
      incoming_window: 100_000,
      next_outgoing_id: 0,
      outgoing_window: 100_000,
      handle: 1,
      delivery_count: 0,
      link_credit: 10,
    }),
  );
  const application_properties = { operation: "put-token", type: "servicebus.windows.net:sastoken", name: hostName };
  const request = rhea.message.encode({
    message_id: "1",
    to: "$cbs",
    reply_to: "cbs",
    application_properties,
    body: token,
  });
  write(
    frames.transfer({ handle: 0, delivery_id: nextId++, delivery_tag: Buffer.from("t"), settled: true }),
    request as unknown as Buffer,
  );
  return done;
}

function attachAll(): Promise<void> {
  const done = new Promise<void>((resolve) => (allAttached = resolve));
  const pieces = plan.deviceIds.map((id, i) => {
    const address = `/devices/${id}/messages/events`;
    const fields = {
      name: `d${i}`,
      handle: i + FIRST,
      role: false,
      snd_settle_mode: 0,
      source: source(),
      target: target(address),
      initial_delivery_count: 0,
    };
    return encoded(frames.attach(fields));
  });
  socket.write(Buffer.concat(pieces));
  return done;
}

/** A whole transfer frame whose delivery id, four bytes, is filled in at each sending. */
function transferOf(deviceId: string, handle: number): { readonly bytes: Buffer; readonly idAt: number } {
  const data = JSON.stringify({ temperature: 21.5, humidity: 40.25, pressure: 1013.2, note: "x".repeat(60) });
  const body = JSON.stringify({
    data,
    device_id: deviceId,
    event: "bench/reading",
    published_at: new Date().toISOString(),
  });
  const message = {
    message_id: `load-${deviceId}`,
    content_type: "application/json",
    content_encoding: "utf-8",
    application_properties: { event: "bench/reading", seq: "1" },
    body: rhea.message.data_section(Buffer.from(body)),
  };
  const mark = 0x7eedbead;
  const payload = rhea.message.encode(message) as unknown as Buffer;
  const bytes = encoded(
    frames.transfer({ handle, delivery_id: mark, delivery_tag: Buffer.from("t"), settled: false }),
    payload,
  );
  return { bytes, idAt: bytes.indexOf(Buffer.from([0x7e, 0xed, 0xbe, 0xad])) };
}

async function send(): Promise<number> {
  const first = nextId;
  const start = performance.now();
  const end = start + plan.seconds * 1000;
  let link = 0;
  const done = new Promise<void>((resolve) => {
    progress = () => {
      const now = performance.now();
      const allowed = plan.rate === undefined ? Infinity : ((now - start) / 1000) * plan.rate;
      const pieces: Buffer[] = [];
      let skipped = 0;
      while (
        now < end &&
        remoteWindow > 0 &&
        nextId - first - settled < plan.window &&
        nextId - first < allowed &&
        pieces.length < 256
      ) {
        if ((credit[link] as number) > 0) {
          const { bytes, idAt } = transfers[link] as { bytes: Buffer; idAt: number };
          const frame = Buffer.from(bytes);
          frame.writeUInt32BE(nextId++, idAt);
          pieces.push(frame);
          credit[link]!--;
          remoteWindow--;
          skipped = 0;
        } else if (++skipped > links) break;
        link = (link + 1) % links;
      }
      if (pieces.length > 0) socket.write(Buffer.concat(pieces));
      if (now >= end && settled + refused >= nextId - first) return resolve();
      // At the window's edge the hub's outcomes call again; below it the loop does.
      if (pieces.length > 0 && now < end) setImmediate(progress);
    };
    progress();
  });
  const ticking = setInterval(() => progress(), 5);
  await done;
  clearInterval(ticking);
  return (performance.now() - start) / 1000;
}

function listen(): void {
  let rest: Buffer = Buffer.alloc(0);
  let header = false;
  socket.on("data", (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!header && bytes.length >= 8) {
      header = true;
      bytes = bytes.subarray(8);
    }
    let at = 0;
    while (header && bytes.length - at >= 8 && bytes.length - at >= bytes.readUInt32BE(at)) {
      const size = bytes.readUInt32BE(at);
      const frame = frames.read_frame(bytes.subarray(at, at + size));
      frame.performative?.dispatch(handlers, frame);
      at += size;
    }
    rest = bytes.subarray(at);
    progress();
  });
}

// The first flow of a link follows its attach: credit counts from what was sent on it.
function grant(link: number, fields: Record<string, number>): void {
  const isFirst = credit[link] === 0 && attached < links;
  credit[link] = fields["link_credit"] as number;
  if (isFirst && ++attached === links) allAttached();
}

function stateOf(state: unknown): number {
  const descriptor = (state as { readonly descriptor?: { readonly value?: number } } | undefined)?.descriptor?.value;
  return Number(descriptor ?? 0);
}

function encoded(performative: Performative, payload?: Buffer): Buffer {
  return frames.write_frame(frames.amqp_frame(0, performative.described(), payload));
}

function write(performative: Performative, payload?: Buffer): void {
  socket.write(encoded(performative, payload));
}
