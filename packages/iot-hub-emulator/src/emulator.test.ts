import { access, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { createEmulator } from "./emulator.ts";
import { startLocalHub } from "./testing/local-hub.ts";

const FREE = { https: 0, amqps: 0, amqp: 0 };

test("a hub in memory leaves nothing behind when it stops", async () => {
  const emulator = createEmulator({ ports: FREE });
  const { caFile } = await emulator.start();
  await access(caFile);
  await emulator.stop();
  await expect(access(caFile)).rejects.toMatchObject({ code: "ENOENT" });
  await emulator.stop();
});

test("stopping ends connections that are open and idle", async () => {
  const emulator = createEmulator({ ports: FREE });
  const { httpsPort, amqpsPort, ca } = await emulator.start();
  const sockets = [httpsPort, amqpsPort].map((port) => connect({ host: "localhost", port, ca }));
  for (const socket of sockets) socket.on("error", () => undefined);
  const closed = sockets.map((socket) => once(socket, "close"));
  await Promise.all(sockets.map((socket) => once(socket, "secureConnect")));
  await emulator.stop();
  await Promise.all(closed);
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, true]);
});

test("a port that is taken is named with the variable that sets it, and nothing stays open", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const emulator = createEmulator({ ports: { ...FREE, amqp: port } });
  await expect(emulator.start()).rejects.toMatchObject({
    code: "port_in_use",
    port,
    message: expect.stringMatching(new RegExp(`Port ${port} .*IOT_HUB_AMQP_PORT`)) as string,
  });
  await new Promise((resolve) => other.close(resolve));
  await emulator.start();
  await emulator.stop();
});

test("started again on its folder the hub is the same hub", async () => {
  const folder = await mkdtemp(join(tmpdir(), "emulator-"));
  try {
    const before = await (async () => {
      await using hub = await startLocalHub({ folder });
      await hub.registry().create({ deviceId: "d" });
      return hub.addresses;
    })();
    await using hub = await startLocalHub({ folder });
    expect(hub.addresses).toMatchObject({ ca: before.ca, caFile: before.caFile, policies: before.policies });
    expect((await hub.registry().get("d")).responseBody.deviceId).toBe("d");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a hub with a name of its own answers to it and to the loopback names", async () => {
  await using hub = await startLocalHub({ hostName: "myhub.local" });
  expect(hub.addresses.connectionString).toMatch(/^HostName=myhub\.local;SharedAccessKeyName=iothubowner;/);
  expect(hub.addresses.eventHubConnectionString).toContain("EntityPath=iothub-ehub-myhub");
  const path = "/devices?api-version=2021-04-12";
  for (const resource of ["myhub.local", "localhost"]) {
    expect((await hub.send({ path, headers: { authorization: hub.token("iothubowner", resource) } })).status).toBe(200);
  }
});

function once(emitter: NodeJS.EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => emitter.once(event, () => resolve()));
}
