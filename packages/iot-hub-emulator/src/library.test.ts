/** The library as somebody's test suite uses it: by its entry file. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { createEmulator, withEmulator } from "./index.ts";
import type { Emulator, HubEvent } from "./index.ts";

const send = (emulator: Emulator, deviceId: string, body: string, properties: [string, string][] = []): Promise<void> =>
  emulator.hub.acceptTelemetry(
    emulator.hub.registry.get(deviceId),
    [{ body: Buffer.from(body), properties: new Map(properties), messageId: "m", contentType: "application/json" }],
    { scope: "device", type: "sas" },
  );

test("withEmulator starts an emulator, hands it over, and stops it even when the callback fails", async () => {
  let kept: Emulator | undefined;
  const failing = withEmulator((emulator) => {
    kept = emulator;
    expect(emulator.addresses.httpsPort).toBeGreaterThan(1023);
    throw new Error("mine");
  });
  await expect(failing).rejects.toThrow("mine");
  expect(() => kept?.hub).toThrow("not started");
  expect(await withEmulator(({ connectionString }) => connectionString("service"))).toMatch(
    /SharedAccessKeyName=service/,
  );
});

test("port 0 means free ports for all, but for those that are named", async () => {
  await withEmulator(async ({ addresses }) => {
    const other = createEmulator({ port: 0, ports: { amqp: addresses.amqpPort } });
    await expect(other.start()).rejects.toMatchObject({ code: "port_in_use", port: addresses.amqpPort });
  });
});

test("connection strings of devices and modules, by key or certificate", async () => {
  await withEmulator(async (emulator) => {
    const { registry } = emulator.hub;
    const { primaryKey } = (await registry.create("d", {})).authentication.symmetricKey;
    await registry.create({ deviceId: "d", moduleId: "m" }, {});
    await registry.create("x", { authentication: { type: "certificateAuthority" } });
    expect(emulator.deviceConnectionString("d")).toBe(`HostName=localhost;DeviceId=d;SharedAccessKey=${primaryKey}`);
    expect(emulator.deviceConnectionString("d", "m")).toMatch(
      /^HostName=localhost;DeviceId=d;ModuleId=m;SharedAccessKey=/,
    );
    expect(emulator.deviceConnectionString("x")).toBe("HostName=localhost;DeviceId=x;x509=true");
    expect(() => emulator.deviceConnectionString("none")).toThrow(/none is not registered/);
  });
});

test("an event is waited for, found when it came before, and comes decoded", async () => {
  await withEmulator(async (emulator) => {
    await emulator.hub.registry.create("d", {});
    const later = emulator.waitForEvent(({ json }) => (json as { t?: number } | undefined)?.t === 2);
    await send(emulator, "d", "no json");
    await send(emulator, "d", '{"t":1}', [["level", "high"]]);
    await send(emulator, "d", '{"t":2}');
    expect((await later).sequenceNumber).toBe(2);
    const event = await emulator.waitForEvent(({ properties }) => properties["level"] === "high");
    expect(event).toMatchObject({
      deviceId: "d",
      source: "Telemetry",
      json: { t: 1 },
      properties: { level: "high" },
      systemProperties: { messageId: "m", contentType: "application/json" },
      annotations: { "iothub-connection-device-id": "d" },
      sequenceNumber: 1,
    } satisfies Partial<HubEvent>);
    expect(event.body.toString()).toBe('{"t":1}');
  });
});

test("when no event fits in time the error says what was seen instead", async () => {
  await withEmulator(async (emulator) => {
    await expect(emulator.waitForEvent(undefined, { timeoutMs: 10 })).rejects.toMatchObject({
      code: "wait_timeout",
      message: "No event fitted within 10 ms. None came at all.",
    });
    await emulator.hub.registry.create("d", {});
    await send(emulator, "d", "hello");
    await expect(emulator.waitForEvent(() => false, { timeoutMs: 10 })).rejects.toThrow(
      /1 did not fit; the last, Telemetry of d, was hello/,
    );
    await expect(emulator.waitForEvent(undefined, { timeoutMs: 10, since: "now" })).rejects.toThrow(/None came/);
    await expect(emulator.waitForEvent(undefined, { endpoint: "nowhere" })).rejects.toThrow(/no endpoint nowhere/);
  });
});

async function changed(emulator: Emulator): Promise<void> {
  await emulator.hub.registry.create("d", {});
  await send(emulator, "d", "x");
  emulator.faults.add({ where: { point: "http" }, effect: { kind: "drop" } });
  emulator.clock.advance(24 * 3600_000);
}

test.each([["in memory"], ["in a folder"]])(
  "a hub %s is as new after a reset, and has its ports and keys",
  async (place) => {
    const folder = place === "in a folder" ? await mkdtemp(join(tmpdir(), "reset-")) : undefined;
    try {
      const options = folder === undefined ? {} : { folder };
      const before = await withEmulator(async (emulator) => {
        const { addresses } = emulator;
        await changed(emulator);
        await emulator.reset();
        expect(emulator.addresses).toEqual(addresses);
        expect(emulator.dump()).toMatchObject({ deviceCount: 0, identities: [], faults: [] });
        expect(Math.abs(emulator.clock.now() - Date.now())).toBeLessThan(60_000);
        await emulator.hub.registry.create("e", {});
        await send(emulator, "e", "after");
        expect(await emulator.waitForEvent()).toMatchObject({ deviceId: "e", sequenceNumber: 0 });
        return addresses;
      }, options);
      if (folder === undefined) return;
      await withEmulator(({ dump, addresses }) => {
        expect(addresses.policies).toEqual(before.policies);
        expect(dump().identities.map(({ deviceId }) => deviceId)).toEqual(["e"]);
      }, options);
    } finally {
      if (folder !== undefined) await rm(folder, { recursive: true });
    }
  },
);

test("a dump is plain data and holds no key", async () => {
  await withEmulator(async (emulator) => {
    const { symmetricKey } = (await emulator.hub.registry.create("d", {})).authentication;
    await emulator.hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
    await send(emulator, "d", "x");
    const text = JSON.stringify(emulator.dump());
    expect(JSON.parse(text)).toMatchObject({
      hostName: "localhost",
      deviceCount: 1,
      identities: [
        { deviceId: "d", authentication: { type: "sas" } },
        { deviceId: "d", moduleId: "m" },
      ],
      connections: [],
      limits: { tier: null },
    });
    for (const key of [symmetricKey.primaryKey, ...Object.values(emulator.addresses.policies)]) {
      expect(text).not.toContain(key);
    }
  });
});

test("a reset ends connections, and the same ports answer for the new hub", async () => {
  await withEmulator(async (emulator) => {
    const { amqpsPort, ca } = emulator.addresses;
    const before = emulator.hub;
    const greeting = async (): Promise<TLSSocket> => {
      const socket = connect({ host: "localhost", port: amqpsPort, ca });
      socket.on("error", () => undefined).write("AMQP\u0003\u0001\u0000\u0000", "latin1");
      await once(socket, "data");
      return socket;
    };
    const closed = once(await greeting(), "close");
    await Promise.all([emulator.reset(), emulator.reset(), closed]);
    expect(emulator.hub).not.toBe(before);
    (await greeting()).destroy();
  });
});
