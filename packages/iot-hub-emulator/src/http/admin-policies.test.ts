/** Policies changed while clients run, seen with Microsoft's service client and on the wire. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import rhea from "rhea";
import { expect, test } from "vitest";
import { linkEnd, sendAll, startTestBed } from "../amqp/test-bed.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const KEY = Buffer.alloc(32, 5).toString("base64");

async function admin(hub: LocalHub, method: string, path: string, json?: object, key?: string): Promise<unknown> {
  const headers = { "x-admin-key": key ?? hub.addresses.policies["iothubowner"] ?? "" };
  const body = json === undefined ? {} : { body: JSON.stringify(json) };
  const { status, text } = await hub.send({ method, path: `/admin/policies${path}`, headers, ...body });
  return status < 300 ? (JSON.parse(text) as unknown) : status;
}

test("a policy's keys and permissions can be changed, and a restart keeps them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "policies-"));
  try {
    let after: unknown;
    {
      await using hub = await startLocalHub({ folder });
      const { secondaryKey } = (await admin(hub, "GET", "/service")) as { secondaryKey: string };
      const changed = { name: "service", primaryKey: KEY, secondaryKey, permissions: ["ServiceConnect"] };
      expect(await admin(hub, "PUT", "/service", { primaryKey: KEY })).toEqual(changed);
      const added = await admin(hub, "PUT", "/mine", { permissions: ["DeviceConnect", "DeviceConnect"] });
      expect(added).toMatchObject({ name: "mine", permissions: ["DeviceConnect"] });
      after = await admin(hub, "GET", "");
      expect(after).toEqual(expect.arrayContaining([changed, added]));
    }
    await using again = await startLocalHub({ folder });
    expect(await admin(again, "GET", "")).toEqual(after);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what makes no policy is refused", async () => {
  await using hub = await startLocalHub();
  for (const body of [
    { primaryKey: "short" },
    { primaryKey: 7 },
    { permissions: [] },
    { permissions: ["Everything"] },
    { permissions: "DeviceConnect" },
  ])
    expect(await admin(hub, "PUT", "/service", body)).toBe(400);
  expect(await admin(hub, "PUT", "/a%20b", { permissions: ["DeviceConnect"] })).toBe(400);
  expect(await admin(hub, "PUT", "/new", {})).toBe(400);
  expect(await admin(hub, "GET", "/none")).toBe(404);
  for (let i = 0; i < 11; i++) await admin(hub, "PUT", `/p${i}`, { permissions: ["DeviceConnect"] });
  expect(await admin(hub, "PUT", "/p11", { permissions: ["DeviceConnect"] })).toBe(400);
  expect(await admin(hub, "GET", "", undefined, "wrong")).toBe(401);
});

test("the service client goes on with the other key, and with the old one no more", async () => {
  await using hub = await startLocalHub();
  const list = (): Promise<unknown> =>
    hub
      .registry("registryRead")
      .list()
      .then(
        () => "listed",
        (error: Error) => error.name,
      );
  const withOldKey = async (): Promise<number> => {
    const headers = { authorization: hub.token("registryRead") };
    return (await hub.send({ path: "/devices?api-version=2021-04-12", headers })).status;
  };
  expect(await withOldKey()).toBe(200);
  await admin(hub, "PUT", "/registryRead", { primaryKey: KEY });
  expect(await withOldKey()).toBe(401);
  expect(await list()).toBe("listed");
  await admin(hub, "PUT", "/registryRead", { permissions: ["DeviceConnect"] });
  expect(await list()).toBe("UnauthorizedError");
});

test("a link ends with the key that its token was signed with, and lives on with a token of the other key", async () => {
  const bed = await startTestBed({ devices: ["a", "b"] });
  try {
    const { policies } = bed.hub;
    const body = rhea.message.data_section(Buffer.from("x"));
    const [one, two] = [bed.connect(), bed.connect()];
    for (const client of [one, two]) expect(await client.putToken(bed.policyToken("device"))).toBe(200);
    const lost = await one.openSender("/devices/a/messages/events");
    const kept = await two.openSender("/devices/b/messages/events");
    const end = linkEnd(lost);
    const { secondaryKey = "" } = policies.get("device") ?? {};
    await policies.put("device", { primaryKey: KEY });
    await policies.put("device", { primaryKey: secondaryKey, secondaryKey: KEY });
    expect(await two.putToken(bed.policyToken("device"))).toBe(200);
    bed.front.tick();
    expect(await end).toMatchObject({ condition: "amqp:unauthorized-access" });
    expect(await sendAll(kept, [{ body }])).toEqual(["accepted"]);
  } finally {
    await bed.stop();
  }
});
