/** Listing a registry and deleting one very identity, against the Local Hub, with the vendor's client as witness. */
import { expect, test } from "vitest";
import { startTwinsUnderTest } from "../testing/twins-under-test.ts";

test("the first identities come with the generations that the vendor's client sees", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  await registry.addDevices([{ deviceId: "a" }, { deviceId: "b", status: "disabled" }]);
  const { responseBody } = await registry.get("a");
  const listed = await hub.firstDevices();
  expect(listed).toMatchObject({
    ok: true,
    value: expect.arrayContaining([
      expect.objectContaining({ deviceId: "a", generationId: responseBody.generationId, status: "enabled" }),
      expect.objectContaining({ deviceId: "b", status: "disabled" }),
    ]) as unknown,
  });
});

test("an identity that somebody made anew is not deleted in the place of the former one", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  const { responseBody: former } = await registry.create({ deviceId: "a" });
  await registry.delete("a");
  await registry.create({ deviceId: "a" });
  expect(await hub.deleteGeneration("a", former.generationId!)).toEqual({ ok: true, value: "changed" });
  const { responseBody: present } = await registry.get("a");
  expect(await hub.deleteGeneration("a", present.generationId!)).toEqual({ ok: true, value: "deleted" });
  expect(await hub.deleteGeneration("a", present.generationId!)).toEqual({ ok: true, value: "absent" });
  await expect(registry.get("a")).rejects.toMatchObject({ name: "DeviceNotFoundError" });
});
