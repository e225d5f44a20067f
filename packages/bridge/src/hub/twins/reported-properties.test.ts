/** Reported properties of devices behind the bridge, in the Local Hub's twins, beside the same devices' telemetry. */
import { expect, onTestFinished, test } from "vitest";
import { createHubs } from "../hubs.ts";
import { HubTurns } from "../hub-turns.ts";
import { makeMessage, SILENT_LOG } from "../testing/hub-under-test.ts";
import { startTwinsUnderTest, valueOf } from "../testing/twins-under-test.ts";

const failed = (code: string): object => ({ ok: false, failure: expect.objectContaining({ code }) as object });

test("what a device reports is in its twin, and the answer is the version", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("d"));
  expect(await hub.report("d", { lamp: { on: true }, level: 3 })).toEqual({ ok: true, value: 2 });
  expect(await hub.report("d", { lamp: { on: null }, level: 4 })).toEqual({ ok: true, value: 3 });
  const { reported } = (await registry.getTwin("d")).responseBody.properties;
  expect(reported).toMatchObject({ lamp: {}, level: 4, $version: 3 });
  expect(reported["lamp"]).toEqual({});
});

test("reports of one device are written in the order in which they were handed in", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("d"));
  const versions = await Promise.all(Array.from({ length: 30 }, (_, n) => hub.report("d", { n })));
  expect(versions.map(valueOf)).toEqual(Array.from({ length: 30 }, (_, n) => n + 2));
  expect((await registry.getTwin("d")).responseBody.properties.reported).toMatchObject({ n: 29 });
});

test("more devices than may have links at once take turns", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: { reporting: { devices: 5 } } });
  const ids = Array.from({ length: 20 }, (_, i) => `d${i}`);
  for (const id of ids) await emulator.hub.registry.create(id, {});
  for (const id of ids) expect(await hub.report(id, { id })).toEqual({ ok: true, value: 2 });
  for (const id of ids) expect(valueOf(await hub.twin(id))?.reported.properties).toEqual({ id });
});

test("a device that the hub does not have, has disabled, or refuses a value of", async () => {
  const { hub } = await startTwinsUnderTest();
  expect(await hub.report("nobody", { a: 1 })).toEqual({ ok: true, value: null });
  valueOf(await hub.createDevice("d"));
  expect(await hub.report("d", { long: "x".repeat(5_000) })).toEqual(failed("twin_refused"));
  expect(await hub.report("d", { a: 1 })).toEqual({ ok: true, value: 2 });
  valueOf(await hub.updateDevice("d", { status: "disabled" }));
  await expect.poll(() => hub.report("d", { a: 2 })).toEqual(failed("device_disabled"));
  valueOf(await hub.updateDevice("d", { status: "enabled" }));
  expect(await hub.report("d", { a: 3 })).toEqual({ ok: true, value: 3 });
  expect(await hub.report("no id", {})).toEqual(failed("device_id_refused"));
});

test("a cut connection and a silent hub are told, and the next report gets through", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: { reporting: { answerTimeout: 3_000 } } });
  valueOf(await hub.createDevice("d"));
  expect(await hub.report("d", { a: 1 })).toEqual({ ok: true, value: 2 });
  const strike = (kind: "drop" | "silence" | "detach" | "acceptThenDrop"): void => {
    emulator.faults.add({ where: { point: "transfer", deviceId: "d" }, effect: { kind }, times: 1 });
  };
  strike("drop");
  expect(await hub.report("d", { a: 2 })).toEqual(failed("hub_unreachable"));
  strike("silence");
  expect(await hub.report("d", { a: 3 })).toEqual(failed("outcome_unknown"));
  strike("detach");
  expect(await hub.report("d", { a: 4 })).toMatchObject({ ok: false });
  strike("acceptThenDrop");
  expect(await hub.report("d", { a: 5 })).toEqual(failed("hub_unreachable"));
  expect(valueOf(await hub.report("d", { b: 1 }))).toBeGreaterThan(2);
  expect(valueOf(await hub.twin("d"))?.reported.properties).toEqual({ a: 5, b: 1 });
});

test("a hub that never opens the link is given up, and the link is not left behind", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: { reporting: { answerTimeout: 3_000 } } });
  valueOf(await hub.createDevice("d"));
  emulator.faults.add({ where: { point: "attach", deviceId: "d" }, effect: { kind: "silence" }, times: 1 });
  expect(await hub.report("d", { a: 1 })).toEqual(failed("not_sent"));
  await expect.poll(() => hub.report("d", { a: 2 })).toMatchObject({ ok: true });
});

test("a policy that may not, a wrong key, and the other key", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ policyName: "service" });
  await emulator.hub.registry.create("d", {});
  expect(await hub.report("d", { a: 1 })).toEqual(failed("permission_missing"));
  const policyKey = Buffer.alloc(32, 9).toString("base64");
  const { hub: locked } = await startTwinsUnderTest({ connection: { policyKey, secondaryKey: null } });
  expect(await locked.report("d", { a: 1 })).toEqual(failed("key_refused"));
  const { hub: second } = await startTwinsUnderTest({ connection: { policyKey } });
  valueOf(await second.createDevice("d"));
  expect(await second.report("d", { a: 1 })).toEqual({ ok: true, value: 2 });
});

test("a device sends and reports at the same time, and neither throws the other out", async () => {
  const turns = new HubTurns();
  const { hub, connection, endpoint } = await startTwinsUnderTest({ options: { turns } });
  const client = createHubs({ endpointOf: () => endpoint, now: Date.now, log: SILENT_LOG, turns }).open(connection);
  onTestFinished(() => client.close());
  valueOf(await hub.createDevice("d"));
  const rounds = Array.from({ length: 20 }, (_, n) => n);
  const sending = async (): Promise<void> => {
    for (const n of rounds) expect(await client.send("d", makeMessage(`m${n}`))).toEqual({ kind: "delivered" });
  };
  const reporting = async (): Promise<void> => {
    for (const n of rounds) expect(await hub.report("d", { n })).toEqual({ ok: true, value: n + 2 });
  };
  await Promise.all([sending(), reporting()]);
  expect(valueOf(await hub.twin("d"))?.reported.version).toBe(21);
});

test("links are closed when nothing is reported for a while, and telemetry has its way alone again", async () => {
  const turns = new HubTurns();
  const { hub, emulator } = await startTwinsUnderTest({ options: { turns, reporting: { idleTime: 40 } } });
  valueOf(await hub.createDevice("d"));
  valueOf(await hub.report("d", { a: 1 }));
  await expect.poll(() => emulator.hub.connections.count).toBe(0);
  await expect.poll(() => turns.of("local").isUnused).toBe(true);
  expect(await hub.report("d", { a: 2 })).toEqual({ ok: true, value: 3 });
});
