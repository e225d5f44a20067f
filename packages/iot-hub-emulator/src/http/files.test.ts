import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";

test("without a storage account a device is told what is missing, by the service's name", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const headers = { authorization: hub.token("device") };
  const post = async (path: string, body: object): Promise<unknown[]> => {
    const answer = await hub.send({ method: "POST", path: path + VERSION, headers, body: JSON.stringify(body) });
    return [answer.status, answer.headers["iothub-errorcode"], answer.text];
  };
  expect(await post("/devices/d/files", { blobName: "a.txt" })).toEqual([
    400,
    "DefaultStorageEndpointNotConfigured",
    expect.stringContaining("--storage") as string,
  ]);
  expect((await post("/devices/d/files", { blobName: 1 }))[1]).toBe("ArgumentInvalid");
  expect((await post("/devices/d/files/notifications", { isSuccess: true }))[1]).toBe("ArgumentInvalid");
  expect((await post("/devices/d/files/notifications/x", { isSuccess: "yes" }))[1]).toBe("ArgumentInvalid");
});
