import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { BlobProperties, BlobStorage } from "./file-uploads.ts";
import { Hub } from "../hub.ts";
import type { HubOptions } from "../hub-options.ts";

/** A storage account that holds the blobs it is given. */
function storageWith(blobs: Readonly<Record<string, BlobProperties>>): BlobStorage {
  return {
    hostName: "acc.example",
    containerName: "files",
    prepare: () => Promise.resolve(),
    accessToken: (blobName, lifetimeMs) => `?access=${blobName}&for=${lifetimeMs}`,
    uri: (blobName) => `https://acc.example/files/${blobName}`,
    properties: (blobName) => Promise.resolve(blobs[blobName]),
  };
}

const BLOBS = { "d/a.txt": { size: 3, lastModified: Date.parse("2026-01-02T03:04:05Z") } };

async function open(options: Partial<HubOptions> = {}): Promise<Hub> {
  const hub = await Hub.open({ encodeEvent: ({ body }) => Buffer.from(body), storage: storageWith(BLOBS), ...options });
  if (hub.registry.find("d") === undefined) await hub.registry.create("d", {});
  return hub;
}

test("a device gets an upload URI for an hour, and services are notified of the uploaded file", async () => {
  const hub = await open();
  const device = hub.registry.get("d");
  const { correlationId, ...ticket } = await hub.fileUploads.begin(device, "a.txt");
  expect(ticket).toEqual({
    hostName: "acc.example",
    containerName: "files",
    blobName: "d/a.txt",
    sasToken: "?access=d/a.txt&for=3600000",
  });
  await hub.fileUploads.finish(device, { correlationId, isSuccess: true });
  const notification = hub.fileNotifications.receive();
  expect(notification?.contentType).toBe("application/vnd.microsoft.iothub.filenotification.json");
  expect(JSON.parse(notification?.body.toString() ?? "")).toEqual({
    deviceId: "d",
    blobUri: "https://acc.example/files/d/a.txt",
    blobName: "d/a.txt",
    lastUpdatedTime: "2026-01-02T03:04:05+00:00",
    blobSizeInBytes: 3,
    enqueuedTimeUtc: expect.stringMatching(/^\d{4}-.*Z$/) as string,
  });
  await expect(hub.fileUploads.finish(device, { correlationId, isSuccess: true })).rejects.toMatchObject({
    errorName: "InvalidFileUploadCorrelationId",
  });
  expect(hub.fileNotifications.count).toBe(1);
  await hub.close();
});

test("a notification has lastUpdatedTime in whole seconds with an offset, as Java's client reads it", async () => {
  const storage = storageWith({ "d/a.txt": { size: 3, lastModified: Date.parse("2026-01-02T03:04:05.678Z") } });
  const hub = await open({ storage });
  const device = hub.registry.get("d");
  const { correlationId } = await hub.fileUploads.begin(device, "a.txt");
  await hub.fileUploads.finish(device, { correlationId, isSuccess: true });
  const { lastUpdatedTime } = JSON.parse(hub.fileNotifications.receive()?.body.toString() ?? "{}") as {
    readonly lastUpdatedTime?: string;
  };
  // The client's pattern: yyyy-MM-dd'T'HH:mm:ssXXX.
  expect(lastUpdatedTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
  expect(Date.parse(lastUpdatedTime ?? "")).toBe(Date.parse("2026-01-02T03:04:05Z"));
  await hub.close();
});

test("a failed upload is not notified, and a success without a blob is refused", async () => {
  const hub = await open();
  const device = hub.registry.get("d");
  const failed = await hub.fileUploads.begin(device, "a.txt");
  await hub.fileUploads.finish(device, { correlationId: failed.correlationId, isSuccess: false });
  const missing = await hub.fileUploads.begin(device, "b.txt");
  const finish = (isSuccess: boolean): Promise<void> =>
    hub.fileUploads.finish(device, { correlationId: missing.correlationId, isSuccess });
  await expect(finish(true)).rejects.toMatchObject({ errorName: "InvalidStorageEndpointOrBlob", errorCode: 400020 });
  // The device may go on and say so again.
  await finish(false);
  expect(hub.fileNotifications.count).toBe(0);
  await hub.close();
});

test("a device has ten uploads at a time; those of an hour ago count no more", async () => {
  const hub = await open();
  await hub.registry.create("e", {});
  const [device, other] = [hub.registry.get("d"), hub.registry.get("e")];
  const tickets = [];
  for (let i = 0; i < 10; i++) tickets.push(await hub.fileUploads.begin(device, `${i}.txt`));
  await expect(hub.fileUploads.begin(device, "x.txt")).rejects.toMatchObject({ errorCode: 403006 });
  const [first, second] = tickets.map(({ correlationId }) => ({ correlationId, isSuccess: false }));
  if (first === undefined || second === undefined) throw new Error("no tickets");
  await expect(hub.fileUploads.finish(other, first)).rejects.toMatchObject({ errorCode: 400015 });
  await hub.fileUploads.finish(device, first);
  await hub.fileUploads.begin(device, "x.txt");
  hub.clock.advance(3_600_000);
  await expect(hub.fileUploads.finish(device, second)).rejects.toMatchObject({ errorCode: 400016 });
  for (let i = 0; i < 10; i++) await hub.fileUploads.begin(device, `${i}.txt`);
  await hub.close();
});

test.each(["", "x".repeat(1023)])("%s is no name of a file", async (name) => {
  const hub = await open();
  await expect(hub.fileUploads.begin(hub.registry.get("d"), name)).rejects.toMatchObject({
    errorName: "ArgumentInvalid",
  });
  await hub.close();
});

test("a storage account that does not answer is told of, with its reason", async () => {
  const storage = { ...storageWith({}), prepare: () => Promise.reject(new Error("connect ECONNREFUSED")) };
  const hub = await open({ storage });
  await expect(hub.fileUploads.begin(hub.registry.get("d"), "a.txt")).rejects.toMatchObject({
    errorName: "InvalidStorageEndpointOrBlob",
    message: expect.stringContaining("ECONNREFUSED") as string,
  });
  await hub.close();
});

test("an upload outlives the hub's process, and not its device", async () => {
  const folder = await mkdtemp(join(tmpdir(), "uploads-"));
  try {
    const first = await open({ folder });
    await first.registry.create("e", {});
    const { correlationId } = await first.fileUploads.begin(first.registry.get("d"), "a.txt");
    const gone = await first.fileUploads.begin(first.registry.get("e"), "a.txt");
    await first.registry.delete("e");
    await first.close();
    const second = await open({ folder });
    await second.registry.create("e", {});
    await expect(
      second.fileUploads.finish(second.registry.get("e"), { correlationId: gone.correlationId, isSuccess: false }),
    ).rejects.toMatchObject({ errorName: "InvalidFileUploadCorrelationId" });
    await second.fileUploads.finish(second.registry.get("d"), { correlationId, isSuccess: true });
    expect(second.fileNotifications.count).toBe(1);
    await second.close();
    const third = await open({ folder });
    expect(third.fileNotifications.count).toBe(1);
    await third.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
