/** A tier that changes while the hub runs, seen with Microsoft's service client. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

async function change(hub: LocalHub, limits: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { "x-admin-key": hub.addresses.policies["iothubowner"] ?? "" };
  const body = JSON.stringify(limits);
  const { status, text } = await hub.send({ method: "PUT", path: "/admin/throttles", headers, body });
  return { status, json: JSON.parse(text) as Record<string, unknown> };
}

test("a hub without limits has those of the tier that it is changed to, and none again", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  expect(await change(hub, { tier: "B1", units: 1 })).toMatchObject({ status: 200, json: { tier: "B1", units: 1 } });
  await expect(registry.getTwin("d")).rejects.toThrow(/tier B1/);
  expect(await change(hub, { tier: null })).toMatchObject({ status: 200, json: { tier: null, quota: null } });
  expect((await registry.getTwin("d")).responseBody.deviceId).toBe("d");
});

test("a restart keeps it, unless a tier is given then", async () => {
  const folder = await mkdtemp(join(tmpdir(), "limits-"));
  try {
    {
      await using hub = await startLocalHub({ folder });
      await change(hub, { tier: "S2", units: 3 });
    }
    {
      await using hub = await startLocalHub({ folder });
      expect(hub.emulator.hub.limits.state()).toMatchObject({ tier: "S2", units: 3 });
    }
    await using hub = await startLocalHub({ folder, tier: "F1" });
    expect(hub.emulator.hub.limits.state()).toMatchObject({ tier: "F1", units: 1 });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what is no tier, or more units than it has, is refused and nothing changes", async () => {
  await using hub = await startLocalHub({ tier: "S1", units: 2 });
  for (const limits of [{}, { tier: "S9" }, { tier: 1 }, { tier: "F1", units: 2 }, { tier: "S1", units: "2" }]) {
    expect((await change(hub, limits)).status).toBe(400);
  }
  expect(hub.emulator.hub.limits.state()).toMatchObject({ tier: "S1", units: 2 });
});
