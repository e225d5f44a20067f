/** Peers that are slow, in either direction. */
import { Duplex } from "node:stream";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import { startTestBed } from "./test-bed.ts";
import type { TestBed } from "./test-bed.ts";

/** A connection whose other end reads only when told to. */
class StuckLine extends Duplex {
  readonly #waiting: (() => void)[] = [];
  received = 0;
  isStuck = true;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.received += chunk.length;
    if (this.isStuck) this.#waiting.push(done);
    else done();
  }

  readOn(): void {
    this.isStuck = false;
    for (const done of this.#waiting.splice(0)) done();
  }
}

async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

async function stuck(bed: TestBed): Promise<StuckLine> {
  const line = new StuckLine();
  bed.front.accept(line, { certificates: [] });
  line.push(generate(bed.connectPacket("d")));
  const filters = ["$iothub/twin/res/#", "$iothub/methods/POST/#", "devices/d/messages/devicebound/#"];
  line.push(
    generate({ cmd: "subscribe", messageId: 1, subscriptions: filters.map((topic) => ({ topic, qos: 1 as const })) }),
  );
  await turns();
  return line;
}

const GET = generate({
  cmd: "publish",
  topic: "$iothub/twin/GET/?$rid=1",
  payload: "",
  qos: 0,
  dup: false,
  retain: false,
});

test("a client that does not read its answers is not read from until it does", async () => {
  await using bed = await startTestBed({ devices: ["d"], limits: { maxOutputBytes: 4_000 } });
  await bed.hub.twins.patch("d", { desired: { text: "x".repeat(1_000) } });
  const line = await stuck(bed);
  const requests = 200;
  for (let i = 0; i < requests; i++) line.push(GET);
  await turns(200);
  expect(line.isPaused()).toBe(true);
  expect(line.writableLength).toBeLessThan(100_000);
  expect(bed.front.connections).toBe(1);
  line.readOn();
  while (line.received < requests * 1_000) await turns(1);
  await turns();
  expect(line.isPaused()).toBe(false);
  line.destroy();
});

test("cloud-to-device messages wait for a peer that does not read", async () => {
  await using bed = await startTestBed({ devices: ["d"], limits: { maxOutputBytes: 10_000 } });
  const line = await stuck(bed);
  for (let i = 0; i < 5; i++) {
    await bed.hub.deviceQueues.enqueue("d", { body: Buffer.alloc(20_000), properties: new Map() });
  }
  await turns();
  expect(line.writableLength).toBeLessThan(50_000);
  line.readOn();
  while (line.received < 100_000) await turns(1);
  line.destroy();
});

test("a device that never reads its method calls is dropped", async () => {
  await using bed = await startTestBed({ devices: ["d"], limits: { fatalOutputBytes: 100_000 } });
  const line = await stuck(bed);
  const call = { methodName: "m", payload: "x".repeat(20_000), responseTimeoutMs: 5_000, connectTimeoutMs: 0 };
  const results = Array.from({ length: 10 }, () => bed.hub.methods.invoke({ deviceId: "d" }, call));
  const outcomes = await Promise.allSettled(results);
  expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
  expect(line.destroyed).toBe(true);
  expect(bed.endings.map(({ reason }) => reason.message)).toEqual(["The client does not read what it is sent."]);
});

test("a peer that leaves its answers unread for a minute is dropped", async () => {
  let now = 0;
  await using bed = await startTestBed({ devices: ["d"], clock: () => now, limits: { maxOutputBytes: 1_000 } });
  await bed.hub.twins.patch("d", { desired: { text: "x".repeat(1_000) } });
  const line = await stuck(bed);
  for (let i = 0; i < 10; i++) line.push(GET);
  await turns();
  bed.front.tick();
  now += 59_999;
  bed.front.tick();
  expect(line.destroyed).toBe(false);
  now += 1;
  bed.front.tick();
  expect(line.destroyed).toBe(true);
});

test("a packet must be finished in time, even when its bytes keep coming one by one", async () => {
  let now = 0;
  await using bed = await startTestBed({ devices: ["d"], clock: () => now });
  const peer = await bed.connect("d", { keepalive: 0 });
  peer.send(Buffer.from([0x30, 0xff, 0x7f]));
  await turns();
  bed.front.tick();
  for (let i = 0; i < 119; i++) {
    now += 1_000;
    peer.send(Buffer.from([0]));
    bed.front.tick();
  }
  expect(bed.front.connections).toBe(1);
  now += 1_000;
  bed.front.tick();
  await peer.over;
  expect(bed.endings.map(({ reason }) => reason.message)).toEqual(["A packet was begun and not finished in time."]);
});

test("a hub that is full turns connections away", async () => {
  await using bed = await startTestBed({ devices: ["d"], limits: { maxConnections: 1 } });
  const first = await bed.connect("d");
  const second = await bed.open();
  await second.over;
  await first.ping();
  expect(bed.front.connections).toBe(1);
});
