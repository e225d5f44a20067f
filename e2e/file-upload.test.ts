/** File upload with Microsoft's device and storage SDKs against Microsoft's own emulator of Azure Storage. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createEmulator, type EmulatorOptions } from "iot-hub-emulator";
import { expect, test } from "vitest";
import { Azurite, isAzuriteInstalled } from "./support/azurite.ts";
import { builtFile } from "./support/isthmus-process.ts";

const run = promisify(execFile);
const PORTS = { https: 0, amqps: 0, mqtts: 0, amqp: 0 };

test("a device's files arrive, and services hear of those that are there", async (context) => {
  context.skip(!isAzuriteInstalled, "azurite is not installed: run `npm ci` in e2e/storage");
  const folder = await mkdtemp(join(tmpdir(), "file-upload-"));
  const azurite = new Azurite(folder);
  try {
    const options: EmulatorOptions = { folder: join(folder, "hub"), ports: PORTS };
    // Started once for its certificate, which azurite shows too: who trusts the hub then trusts the storage.
    const first = createEmulator(options);
    const { caFile } = await first.start();
    await first.stop();
    const tls = join(folder, "hub", "tls");
    const storage = await azurite.start(join(tls, "server.pem"), join(tls, "server-key.pem"));
    const emulator = createEmulator({ ...options, storage, storageContainer: "uploads" });
    const { httpsPort } = await emulator.start();
    try {
      const { hub } = emulator;
      const { authentication } = await hub.registry.create("d", {});
      const key = authentication.symmetricKey.primaryKey;
      const script = builtFile("node_modules/.cache/isthmus-e2e/clients/upload-file.js");
      const args = [script, `HostName=localhost;DeviceId=d;SharedAccessKey=${key}`, String(httpsPort)];
      const { stdout } = await run(process.execPath, args, { env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile } });
      expect(JSON.parse(stdout)).toEqual({
        texts: { "d/whole.txt": "written by one call", "d/logs/a day.txt": "written step by step" },
        refusal: "refused",
      });
      const notifications = [hub.fileNotifications.receive(), hub.fileNotifications.receive()];
      expect(notifications.map((message) => JSON.parse(String(message?.body)) as unknown)).toMatchObject([
        { deviceId: "d", blobName: "d/whole.txt", blobSizeInBytes: 19 },
        {
          deviceId: "d",
          blobName: "d/logs/a day.txt",
          blobSizeInBytes: 20,
          blobUri: expect.stringMatching(/\/files\/uploads\/d\/logs\/a%20day\.txt$/) as string,
        },
      ]);
      expect(hub.fileNotifications.count).toBe(2);
    } finally {
      await emulator.stop();
    }
  } finally {
    await azurite.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
