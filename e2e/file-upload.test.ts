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
import { until } from "./support/until.ts";

const run = promisify(execFile);
/** The JSON that a client prints, one that trusts this CA. */
async function runClient(name: string, caFile: string, ...args: string[]): Promise<unknown> {
  const script = builtFile(`node_modules/.cache/isthmus-e2e/clients/${name}.js`);
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: caFile };
  const { stdout } = await run(process.execPath, [script, ...args], { env, timeout: 240_000 });
  return JSON.parse(stdout) as unknown;
}

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
    const { httpsPort, amqpsPort } = await emulator.start();
    try {
      const { hub } = emulator;
      const { authentication } = await hub.registry.create("d", {});
      const key = authentication.symmetricKey.primaryKey;
      const device = `HostName=localhost;DeviceId=d;SharedAccessKey=${key}`;
      const uploaded = await runClient("upload-file", caFile, device, String(httpsPort));
      expect(uploaded).toEqual({
        texts: { "d/whole.txt": "written by one call", "d/logs/a day.txt": "written step by step" },
        refusal: "refused",
      });
      expect(hub.fileNotifications.count).toBe(2);
      // AMQP takes a port in the host's name.
      const service = emulator.connectionString("service").replace("localhost", `localhost:${amqpsPort}`);
      expect(await runClient("file-notifications", caFile, service, "2")).toMatchObject([
        { deviceId: "d", blobName: "d/whole.txt", blobSizeInBytes: 19 },
        {
          deviceId: "d",
          blobName: "d/logs/a day.txt",
          blobSizeInBytes: 20,
          blobUri: expect.stringMatching(/\/files\/uploads\/d\/logs\/a%20day\.txt$/) as string,
        },
      ]);
      await until(() => hub.fileNotifications.count === 0, "both completions");
    } finally {
      await emulator.stop();
    }
  } finally {
    await azurite.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
