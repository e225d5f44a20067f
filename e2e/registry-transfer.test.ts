/** Export and import of the registry with Microsoft's service and storage SDKs against Microsoft's own emulator of Azure Storage. */
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

test("the registry goes to a container of blobs and comes back changed", async (context) => {
  context.skip(!isAzuriteInstalled, "azurite is not installed: run `npm ci` in e2e/storage");
  const folder = await mkdtemp(join(tmpdir(), "registry-transfer-"));
  const azurite = new Azurite(folder);
  const options: EmulatorOptions = { folder: join(folder, "hub"), ports: PORTS };
  const emulator = createEmulator(options);
  try {
    const { httpsPort, caFile } = await emulator.start();
    const tls = join(folder, "hub", "tls");
    const storage = await azurite.start(join(tls, "server.pem"), join(tls, "server-key.pem"));
    const { registry, twins } = emulator.hub;
    await registry.create("kept", {}, twins.initial({ tags: { x: 1 } }));
    await registry.create("gone", {});
    const script = builtFile("node_modules/.cache/isthmus-e2e/clients/transfer-registry.js");
    const args = [script, emulator.connectionString("iothubowner"), String(httpsPort), storage];
    const { stdout } = await run(process.execPath, args, { env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile } });
    expect(JSON.parse(stdout)).toEqual({
      exported: "completed",
      lines: 2,
      imported: "completed",
      errors: expect.stringContaining("400004") as string,
    });
    expect(registry.get("kept").status).toBe("disabled");
    expect(twins.get("kept")).toMatchObject({ tags: { x: 1 } });
    expect(registry.find("gone")).toBeUndefined();
  } finally {
    await emulator.stop();
    await azurite.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
