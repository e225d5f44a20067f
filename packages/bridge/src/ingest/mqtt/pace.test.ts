/** A device that publishes faster than its rate is slowed down: nothing is dropped, nobody else waits, pings are answered. */
import type { IPublishPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { RateLimit } from "../../core/rate-limit.ts";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { DEVICE, openDoor, OTHER } from "./testing/door-under-test.ts";
import type { DoorUnderTest } from "./testing/door-under-test.ts";

function event(messageId: number, deviceId: string = DEVICE): IPublishPacket {
  const [qos, payload] = [1, String(messageId)] as const;
  return { cmd: "publish", topic: `devices/${deviceId}/events/t`, payload, qos, messageId, dup: false, retain: false };
}

function paced(clock: VirtualClock): Promise<DoorUnderTest> {
  const rate = new RateLimit({ rate: { intervalMs: 1_000, burst: 4 }, elapsed: () => clock.elapsed() });
  return openDoor({ clock, rate, limits: { maxInFlight: 10 } });
}

test("a burst goes through at once, what is beyond at one a second, in order", async () => {
  const clock = new VirtualClock();
  await using bed = await paced(clock);
  const peer = await bed.connect();
  peer.send(...Array.from({ length: 8 }, (_, i) => event(i + 1)));
  for (let i = 1; i <= 4; i++) expect(await peer.expect("puback")).toMatchObject({ messageId: i });
  for (let i = 5; i <= 8; i++) {
    await peer.ping();
    expect(bed.taken).toHaveLength(i - 1);
    await clock.advance(1_000);
    expect(await peer.expect("puback")).toMatchObject({ messageId: i });
  }
  expect(bed.taken.map(({ data }) => data)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
});

test("others do not wait for it", async () => {
  const clock = new VirtualClock();
  await using bed = await paced(clock);
  const noisy = await bed.connect();
  noisy.send(...Array.from({ length: 50 }, (_, i) => event(i + 1)));
  await expect.poll(() => bed.taken.length).toBe(4);
  const other = await bed.connect(OTHER);
  other.send(event(1, OTHER));
  expect(await other.expect("puback")).toMatchObject({ messageId: 1 });
});

test("beyond what may be in flight the socket is not read, and its silence is not held against it", async () => {
  const clock = new VirtualClock();
  await using bed = await paced(clock);
  const peer = await bed.connect(DEVICE, { keepalive: 1 });
  peer.send(...Array.from({ length: 20 }, (_, i) => event(i + 1)));
  for (let i = 1; i <= 20; i++) {
    await expect.poll(() => bed.taken.length).toBeGreaterThanOrEqual(Math.min(i, 4));
    if (i > 4) await clock.advance(1_000);
    if (i < 10) bed.door.tick();
    expect(await peer.expect("puback")).toMatchObject({ messageId: i });
  }
});

test("a device that says goodbye after a burst of QoS 0 has it taken all the same", async () => {
  const clock = new VirtualClock();
  await using bed = await paced(clock);
  const peer = await bed.connect();
  const burst = [1, 2, 3, 4, 5, 6].map((n): IPublishPacket => ({ ...event(n), qos: 0 }));
  peer.send(...burst, { cmd: "disconnect" });
  peer.socket.end();
  await expect.poll(() => bed.taken.length).toBe(4);
  await clock.advance(1_000);
  await clock.advance(1_000);
  await peer.over;
  expect(bed.taken).toHaveLength(6);
});

test("answers and descriptions are not events and do not wait", async () => {
  const clock = new VirtualClock();
  await using bed = await paced(clock);
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  peer.send(...[1, 2, 3, 4, 5].map((n) => event(n)));
  for (let i = 1; i <= 4; i++) await peer.expect("puback");
  peer.send({ ...event(6), topic: `devices/${DEVICE}/describe`, payload: "{}" });
  await expect.poll(() => bed.descriptions.size).toBe(1);
  expect(bed.taken).toHaveLength(4);
});
