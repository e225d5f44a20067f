/** Faults that a test sets on the hub, as rhea feels them on its links. */
import rhea from "rhea";
import { expect, test, vi } from "vitest";
import type { FaultRule } from "../hub/faults/fault-rule.ts";
import { linkEnd, sendAll, startTestBed, type TestBed, type TestClient } from "./test-bed.ts";

const TELEMETRY = "/devices/d/messages/events";
const message = { body: rhea.message.data_section(Buffer.from("x")) };

async function withFault(rule: FaultRule, run: (bed: TestBed, client: TestClient) => Promise<void>): Promise<void> {
  const bed = await startTestBed({ devices: ["d"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device"));
    bed.hub.faults.add(rule);
    await run(bed, client);
    expect(bed.faults).toEqual([]);
  } finally {
    await bed.stop();
  }
}

function rule(point: FaultRule["where"]["point"], effect: FaultRule["effect"], operation = "telemetry"): FaultRule {
  return { where: { point, operation, deviceId: "d", protocol: "amqp" }, effect, times: 1 };
}

async function stored({ hub }: TestBed): Promise<number> {
  return (await hub.events.read(hub.events.partitionOf("d"), 0, 1 << 20)).length;
}

test("an attach is refused, once", () =>
  withFault(rule("attach", { kind: "error", error: "ThrottlingException" }), async (_, client) => {
    await expect(client.openSender(TELEMETRY)).rejects.toMatchObject({
      condition: "com.microsoft:device-container-throttled",
    });
    expect(await sendAll(await client.openSender(TELEMETRY), [message])).toEqual(["accepted"]);
  }));

test("an attach waits, and frames that came meanwhile are not lost", () =>
  withFault(rule("attach", { kind: "delay", ms: 5_000 }, "cloudToDevice"), async (bed, client) => {
    await bed.hub.deviceQueues.enqueue("d", { body: Buffer.from("x"), properties: new Map() });
    const receiver = client.connection.open_receiver({ source: { address: "/devices/d/messages/devicebound" } });
    const got = vi.fn();
    receiver.on("message", got);
    // The token's answer comes after the attach was read.
    await client.putToken(bed.policyToken("device"));
    expect(got).not.toHaveBeenCalled();
    bed.hub.clock.advance(5_000);
    await expect.poll(() => got).toHaveBeenCalledOnce();
  }));

test.each(["drop", "acceptThenDrop"] as const)("a message is met by %s", (kind) =>
  withFault(rule("transfer", { kind }), async (bed, client) => {
    const sender = await client.openSender(TELEMETRY);
    sender.on("sender_error", () => {});
    sender.send(message);
    await client.over;
    expect(await stored(bed)).toBe(kind === "drop" ? 0 : 1);
  }),
);

test("a message is accepted and lost", () =>
  withFault(rule("transfer", { kind: "lose" }), async (bed, client) => {
    expect(await sendAll(await client.openSender(TELEMETRY), [message])).toEqual(["accepted"]);
    expect(await stored(bed)).toBe(0);
  }));

test("a message is refused", () =>
  withFault(rule("transfer", { kind: "error", error: "IotHubQuotaExceeded" }), async (_, client) => {
    const outcomes = await sendAll(await client.openSender(TELEMETRY), [message, message]);
    expect(outcomes).toMatchObject([{ condition: "amqp:resource-limit-exceeded" }, "accepted"]);
  }));

test("a message waits by the hub's clock", () =>
  withFault(rule("transfer", { kind: "delay", ms: 60_000 }), async (bed, client) => {
    const sender = await client.openSender(TELEMETRY);
    const outcome = sendAll(sender, [message]);
    await client.putToken(bed.policyToken("device"));
    expect(await stored(bed)).toBe(0);
    bed.hub.clock.advance(60_000);
    expect(await outcome).toEqual(["accepted"]);
  }));

test.each([
  [{ kind: "detach" } as const, "com.microsoft:timeout"],
  [{ kind: "linkStolen" } as const, "amqp:link:stolen"],
])("a link ends at a message: %j", (effect, condition) =>
  withFault(rule("transfer", effect), async (_, client) => {
    const sender = await client.openSender(TELEMETRY);
    const ended = linkEnd(sender);
    sender.send(message);
    expect(await ended).toMatchObject({ condition });
  }),
);

test("a sender has no credit for a while", () =>
  withFault(rule("credit", { kind: "zeroCredit", ms: 30_000 }), async (bed, client) => {
    const sender = client.connection.open_sender({ target: { address: TELEMETRY } });
    const sendable = vi.fn();
    sender.on("sendable", sendable);
    await client.putToken(bed.policyToken("device"));
    expect(sendable).not.toHaveBeenCalled();
    bed.hub.clock.advance(30_000);
    await expect.poll(() => sendable).toHaveBeenCalled();
  }));

test("an identity vanishes as its device connects", () =>
  withFault(
    { where: { point: "connect", protocol: "amqp" }, effect: { kind: "identityVanishes" } },
    async (_, client) => {
      await expect(client.openSender(TELEMETRY)).rejects.toMatchObject({ condition: "amqp:not-found" });
    },
  ));

test("a cloud-to-device message is delayed, and those behind it keep their order", () =>
  withFault(rule("deliver", { kind: "delay", ms: 10_000 }, "cloudToDevice"), async (bed, client) => {
    const receiver = await client.openReceiver("/devices/d/messages/devicebound");
    const got: unknown[] = [];
    receiver.on("message", ({ message: received }) => got.push(received?.message_id));
    for (const messageId of ["1", "2"]) {
      await bed.hub.deviceQueues.enqueue("d", { body: Buffer.from("x"), messageId, properties: new Map() });
    }
    await client.putToken(bed.policyToken("device"));
    expect(got).toEqual([]);
    bed.hub.clock.advance(10_000);
    await expect.poll(() => got).toEqual(["1", "2"]);
  }));
